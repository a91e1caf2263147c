# What needs no GDAL: the project's XML and the archive around it.
PATCH_SOURCES = \
	engine/package/package.c engine/package/package.h \
	engine/package/patch.h engine/package/patch_embedded.c engine/package/patch_layer.c engine/package/patch_project.c engine/package/patch_source.c \
	engine/package/patch_stream.c engine/package/patch_tree.c engine/package/patch_xml.c engine/package/project_file.c

PACKAGE_SOURCES = $(PATCH_SOURCES) \
	engine/package/rows.h
