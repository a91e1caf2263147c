LAYERS_SOURCES = \
	engine/layers/arcgis.c \
	engine/layers/attachments.c engine/layers/attachments.h \
	engine/layers/check.c engine/layers/check.h \
	engine/layers/client.c \
	engine/layers/delimited_point.c engine/layers/delimited_point.h \
	engine/layers/delimited_reader.c engine/layers/delimited_reader.h \
	engine/layers/delimited_text.c engine/layers/delimited_text.h \
	engine/layers/delimitedtext.c \
	engine/layers/diagnose.c engine/layers/diagnose.h \
	engine/layers/foreign.c engine/layers/foreign.h \
	engine/layers/formats.c engine/layers/formats.h \
	engine/layers/gate.c engine/layers/gate.h \
	engine/layers/gdal.c \
	engine/layers/gdal_gate.c engine/layers/gdal_gate.h \
	engine/layers/gpx.c \
	engine/layers/kept.c engine/layers/kept.h \
	engine/layers/memory.c \
	engine/layers/mesh.c \
	engine/layers/network.c engine/layers/network.h \
	engine/layers/oapif.c engine/layers/oapif.h \
	engine/layers/ogr.c \
	engine/layers/point_cloud.c \
	engine/layers/postgres.c engine/layers/postgres.h \
	engine/layers/provider.h \
	engine/layers/providers.c \
	engine/layers/raster_source.c engine/layers/raster_source.h \
	engine/layers/regexp.c engine/layers/regexp.h \
	engine/layers/remedy.c engine/layers/remedy.h \
	engine/layers/similar.c engine/layers/similar.h \
	engine/layers/spatialite.c \
	engine/layers/sqlite.c engine/layers/sqlite.h \
	engine/layers/tiled_scene.c \
	engine/layers/tiles.c engine/layers/tiles.h \
	engine/layers/url_query.c engine/layers/url_query.h \
	engine/layers/vector_tiles.c \
	engine/layers/verdict.c \
	engine/layers/verdict_json.c \
	engine/layers/virtual.c \
	engine/layers/vrt.c engine/layers/vrt.h \
	engine/layers/wcs.c \
	engine/layers/wfs.c \
	engine/layers/wfs_source.c engine/layers/wfs_source.h \
	engine/layers/wkt.c engine/layers/wkt.h \
	engine/layers/wms.c
