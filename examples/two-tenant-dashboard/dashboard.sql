\pset footer off

\echo Revenue by month
SELECT date_trunc('month', placed_on)::date AS month, count(*) AS orders, sum(amount) AS revenue
FROM shop.orders
GROUP BY 1
ORDER BY 1;

\echo What sells
SELECT p.category, sum(o.quantity) AS pieces, sum(o.amount) AS revenue
FROM shop.orders AS o
JOIN shop.products AS p ON p.sku = o.sku
GROUP BY p.category
ORDER BY revenue DESC;

\echo Best customers
SELECT c.name, c.email, sum(o.amount) AS revenue
FROM shop.customers AS c
JOIN shop.orders AS o ON o.customer_id = c.id
GROUP BY c.id, c.name, c.email
ORDER BY revenue DESC
LIMIT 3;

\echo Visits by country
SELECT country, count(*) AS visits, sum(seconds) AS seconds
FROM shop.visits
GROUP BY country
ORDER BY visits DESC, country;
