LAYERS_SOURCES = \
	engine/layers/check.c engine/layers/check.h \
	engine/layers/definition.c \
	engine/layers/delimited_reader.c engine/layers/delimited_reader.h \
	engine/layers/delimitedtext.c \
	engine/layers/diagnose.c engine/layers/diagnose.h \
	engine/layers/formats.c engine/layers/formats.h \
	engine/layers/gate.c engine/layers/gate.h \
	engine/layers/gdal.c \
	engine/layers/gdal_gate.c engine/layers/gdal_gate.h \
	engine/layers/gpx.c \
	engine/layers/memory.c \
	engine/layers/ogr.c \
	engine/layers/provider.h \
	engine/layers/providers.c \
	engine/layers/spatialite.c \
	engine/layers/sqlite.c engine/layers/sqlite.h \
	engine/layers/verdict.c \
	engine/layers/vrt.c engine/layers/vrt.h
