PACKAGE_SOURCES = \
	engine/package/package.c engine/package/package.h \
	engine/package/patch.h engine/package/patch_layer.c engine/package/patch_project.c engine/package/patch_source.c \
	engine/package/patch_stream.c engine/package/patch_tree.c engine/package/patch_xml.c engine/package/project_file.c \
	engine/package/rows.h \
	engine/package/verify.c engine/package/verify.h engine/package/verify_data.c engine/package/verify_text.c
