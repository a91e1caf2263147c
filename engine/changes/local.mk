# the model, for everybody
CHANGES_SOURCES = \
	engine/changes/amend.c engine/changes/amend.h \
	engine/changes/deltafile.c engine/changes/deltafile.h \
	engine/changes/geojson.c \
	engine/changes/scan.c engine/changes/scan.h \
	engine/changes/schema.c engine/changes/schema.h \
	engine/changes/seen.c engine/changes/seen.h \
	engine/changes/shape.c engine/changes/shape.h
# applying, for the worker
CHANGES_WORKER_SOURCES = \
	engine/changes/apply.c engine/changes/apply.h \
	engine/changes/candidates.c engine/changes/candidates.h \
	engine/changes/change.c engine/changes/change.h \
	engine/changes/conflict.c \
	engine/changes/convert.c \
	engine/changes/create.c \
	engine/changes/difference.c engine/changes/difference.h \
	engine/changes/effect.c engine/changes/effect.h \
	engine/changes/geometry.c engine/changes/geometry.h \
	engine/changes/gpkg_blob.c engine/changes/gpkg_blob.h \
	engine/changes/gpkg_diff.c engine/changes/gpkg_diff.h \
	engine/changes/key.c engine/changes/key.h \
	engine/changes/layer_source.c engine/changes/layer_source.h \
	engine/changes/lite_blob.c engine/changes/lite_blob.h \
	engine/changes/lite_functions.c \
	engine/changes/ogr_field.c \
	engine/changes/ogr_layer.c \
	engine/changes/outcome.c engine/changes/outcome.h \
	engine/changes/pg.h \
	engine/changes/pg_connect.c \
	engine/changes/pg_define.c \
	engine/changes/pg_layer.c \
	engine/changes/pg_session.c \
	engine/changes/pg_value.c \
	engine/changes/quiet.c engine/changes/quiet.h \
	engine/changes/sqlite_describe.c \
	engine/changes/sqlite_geometry.c \
	engine/changes/sqlite_layer.c \
	engine/changes/target.c engine/changes/target.h \
	engine/changes/target_ogr.c engine/changes/target_ogr.h \
	engine/changes/target_pg.c engine/changes/target_pg.h \
	engine/changes/target_sqlite.c engine/changes/target_sqlite.h \
	engine/changes/temporal.c engine/changes/temporal.h \
	engine/changes/value.c engine/changes/value.h \
	engine/changes/wkt.c \
	engine/changes/workcopy.c engine/changes/workcopy.h
