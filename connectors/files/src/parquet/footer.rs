//! A file's footer, made safe to read by.

use std::fs::File;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use crate::parquet::types::{FileColumn, columns};

/// What is known of one file.
pub struct Footer {
    /// The metadata that the reader is given instead of the file's own.
    pub metadata: Arc<ParquetMetaData>,
    /// The schema that the reader yields under that metadata.
    pub schema: SchemaRef,
    /// The columns that have a type here.
    pub columns: Vec<FileColumn>,
    /// Columns that have none, and their Arrow types.
    pub left_out: Vec<(String, DataType)>,
}

impl Footer {
    /// Reads the footer of a file.
    pub fn read(file: &File) -> Result<Self, ParquetError> {
        let original = ParquetMetaDataReader::new().parse_and_finish(file)?;
        let about = original.file_metadata();
        let stored = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata())?;
        let (columns, left_out) = columns(&stored, about.schema_descr());

        // Parquet's reader fails as soon as one cell of a text column is not UTF-8, whoever's row
        // that is. Without the annotation the column is plain bytes, and the check is ours.
        let bytes = SchemaDescriptor::new(as_bytes(&about.schema_descr().root_schema_ptr())?);
        let int96 = |at: usize| columns.iter().any(|column| column.at == at && column.int96);
        let hint: Vec<FieldRef> = stored
            .fields()
            .iter()
            .enumerate()
            .map(|(at, field)| if int96(at) { int96_micros(field) } else { readable(field) })
            .collect();
        let hint = KeyValue {
            key: ARROW_SCHEMA_META_KEY.to_owned(),
            value: Some(encode_arrow_schema(&Schema::new(hint))),
        };
        let about = FileMetaData::new(
            about.version(),
            about.num_rows(),
            about.created_by().map(str::to_owned),
            Some(vec![hint]),
            Arc::new(bytes),
            about.column_orders().cloned(),
        );
        let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata())?;
        let groups = original.row_groups().iter().cloned().map(trusted).collect();
        let metadata = Arc::new(ParquetMetaData::new(about, groups));
        Ok(Self { metadata, schema: Arc::new(schema), columns, left_out })
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&FileColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Whether a leaf is text by its annotation.
pub fn is_text(leaf: &Type) -> bool {
    let info = leaf.get_basic_info();
    leaf.is_primitive()
        && leaf.get_physical_type() == PhysicalType::BYTE_ARRAY
        && match info.logical_type_ref() {
            Some(logical) => {
                matches!(logical, LogicalType::String | LogicalType::Json | LogicalType::Enum)
            }
            None => matches!(
                info.converted_type(),
                ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM
            ),
        }
}

/// The same schema with text as plain bytes.
fn as_bytes(node: &TypePtr) -> Result<TypePtr, ParquetError> {
    let info = node.get_basic_info();
    let id = info.has_id().then(|| info.id());
    if is_text(node) {
        let leaf = Type::primitive_type_builder(info.name(), PhysicalType::BYTE_ARRAY)
            .with_repetition(info.repetition())
            .with_id(id);
        return Ok(Arc::new(leaf.build()?));
    }
    if node.is_primitive() {
        return Ok(node.clone());
    }
    let fields = node.get_fields().iter().map(as_bytes).collect::<Result<_, _>>()?;
    let mut group = Type::group_type_builder(info.name())
        .with_fields(fields)
        .with_converted_type(info.converted_type())
        .with_logical_type(info.logical_type_ref().cloned())
        .with_id(id);
    if info.has_repetition() {
        group = group.with_repetition(info.repetition());
    }
    Ok(Arc::new(group.build()?))
}

/// The type that a column is asked of the reader in: text and bytes as views, no dictionaries.
fn readable(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => DataType::BinaryView,
        DataType::Dictionary(_, values) => {
            let values = Field::new(field.name(), values.as_ref().clone(), field.is_nullable());
            return readable(&Arc::new(values));
        }
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::List(item) => DataType::List(readable(item)),
        DataType::LargeList(item) => DataType::LargeList(readable(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(readable(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(readable).collect()),
        other => other.clone(),
    };
    // Metadata is left behind: it may name extension types that no longer fit.
    Arc::new(Field::new(field.name(), data_type, field.is_nullable()))
}

/// INT96 covers more years than fit in nanoseconds, the unit that it is read in otherwise.
fn int96_micros(field: &FieldRef) -> FieldRef {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    Arc::new(Field::new(field.name(), micros, field.is_nullable()))
}

/// The row group without statistics that are not to be trusted: those in the deprecated fields,
/// which old writers computed with signed bytes, and those of INT96, whose order is undefined.
fn trusted(mut group: RowGroupMetaData) -> RowGroupMetaData {
    for chunk in group.columns_mut() {
        let doubtful = chunk.column_type() == PhysicalType::INT96
            || chunk.statistics().is_some_and(|statistics| statistics.is_min_max_deprecated());
        if doubtful && let Ok(without) = chunk.clone().into_builder().clear_statistics().build() {
            *chunk = without;
        }
    }
    group
}
