PACKAGE_SOURCES = \
	engine/package/copy.c \
	engine/package/decide.c \
	engine/package/files.c \
	engine/package/package.c engine/package/package.h \
	engine/package/patch.h engine/package/patch_layer.c engine/package/patch_project.c engine/package/patch_source.c \
	engine/package/patch_stream.c engine/package/patch_tree.c engine/package/patch_xml.c engine/package/project_file.c \
	engine/package/pg_columns.c engine/package/pg_columns.h \
	engine/package/pg_decode.c \
	engine/package/plan.c engine/package/plan.h engine/package/plan_layer.c \
	engine/package/rows.c engine/package/rows.h \
	engine/package/rows_pg.c \
	engine/package/sidecars.c \
	engine/package/sources.c engine/package/sources.h \
	engine/package/symbols.c \
	engine/package/verify.c engine/package/verify.h engine/package/verify_data.c engine/package/verify_text.c
