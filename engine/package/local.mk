PACKAGE_SOURCES = \
	engine/package/copy.c \
	engine/package/data.c \
	engine/package/decide.c \
	engine/package/files.c \
	engine/package/gpkg_source.c \
	engine/package/gpkg_source.h \
	engine/package/gpkg_writer.c \
	engine/package/gpkg_writer.h \
	engine/package/group.c \
	engine/package/group_filter.c \
	engine/package/group.h \
	engine/package/json_top.c engine/package/json_top.h \
	engine/package/package.c \
	engine/package/package.h \
	engine/package/patch.h \
	engine/package/patch_embedded.c \
	engine/package/patch_layer.c \
	engine/package/patch_project.c \
	engine/package/patch_source.c \
	engine/package/patch_stream.c \
	engine/package/patch_tree.c \
	engine/package/patch_xml.c \
	engine/package/pg_columns.c \
	engine/package/pg_columns.h \
	engine/package/pg_decode.c \
	engine/package/plan.c \
	engine/package/plan.h \
	engine/package/plan_layer.c \
	engine/package/project_file.c \
	engine/package/row_filter.c engine/package/row_filter.h \
	engine/package/rows.c \
	engine/package/rows.h \
	engine/package/rows_file.c \
	engine/package/rows_file.h \
	engine/package/rows_memory.c \
	engine/package/rows_oapif.c \
	engine/package/rows_ogr.c \
	engine/package/rows_pg.c \
	engine/package/rows_shape.c \
	engine/package/rows_spatialite.c \
	engine/package/rows_sqlite.c \
	engine/package/rows_text.c \
	engine/package/rows_web.c \
	engine/package/rows_web.h \
	engine/package/rows_wfs.c \
	engine/package/rtree.c \
	engine/package/rtree.h \
	engine/package/sidecars.c \
	engine/package/sorter.c \
	engine/package/sorter.h \
	engine/package/sources.c \
	engine/package/sources.h \
	engine/package/symbols.c \
	engine/package/verify.c \
	engine/package/verify.h \
	engine/package/verify_data.c \
	engine/package/verify_text.c \
	engine/package/text_values.c engine/package/text_values.h \
	engine/package/web.c engine/package/web.h \
	engine/package/wkb.c \
	engine/package/wkb.h
