CREATE TABLE nation (
    n_nationkey int PRIMARY KEY, n_name char(25) NOT NULL, n_regionkey int NOT NULL,
    n_comment varchar(152)
);
CREATE TABLE customer (
    tenant text NOT NULL, c_custkey bigint PRIMARY KEY, c_name varchar(25) NOT NULL,
    c_address varchar(40) NOT NULL, c_nationkey int NOT NULL, c_phone char(15) NOT NULL,
    c_acctbal numeric(15, 2) NOT NULL, c_mktsegment char(10) NOT NULL,
    c_comment varchar(117) NOT NULL
);
CREATE TABLE supplier (
    tenant text NOT NULL, s_suppkey bigint PRIMARY KEY, s_name char(25) NOT NULL,
    s_address varchar(40) NOT NULL, s_nationkey int NOT NULL, s_phone char(15) NOT NULL,
    s_acctbal numeric(15, 2) NOT NULL, s_comment varchar(101) NOT NULL
);
CREATE TABLE partsupp (
    tenant text NOT NULL, ps_partkey bigint NOT NULL, ps_suppkey bigint NOT NULL,
    ps_availqty int NOT NULL, ps_supplycost numeric(15, 2) NOT NULL,
    ps_comment varchar(199) NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey)
);
\copy nation FROM '{folder}/nation.tbl' (DELIMITER '|')
\copy customer FROM '{folder}/customer.tbl' (DELIMITER '|')
\copy supplier FROM '{folder}/supplier.tbl' (DELIMITER '|')
\copy partsupp FROM '{folder}/partsupp.tbl' (DELIMITER '|')
ANALYZE;
