PACKAGE_SOURCES = \
	engine/package/data.c \
	engine/package/gpkg_source.c engine/package/gpkg_source.h \
	engine/package/gpkg_writer.c engine/package/gpkg_writer.h \
	engine/package/group.c engine/package/group.h \
	engine/package/package.c engine/package/package.h \
	engine/package/rows.c engine/package/rows.h \
	engine/package/rows_file.c engine/package/rows_file.h \
	engine/package/rows_ogr.c \
	engine/package/rows_sqlite.c \
	engine/package/rtree.c engine/package/rtree.h \
	engine/package/sorter.c engine/package/sorter.h \
	engine/package/wkb.c engine/package/wkb.h
