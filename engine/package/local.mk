PACKAGE_SOURCES = \
	engine/package/package.c engine/package/package.h \
	engine/package/pg_columns.c engine/package/pg_columns.h \
	engine/package/pg_decode.c \
	engine/package/rows.c engine/package/rows.h \
	engine/package/rows_pg.c
