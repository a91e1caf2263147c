PACKAGE_SOURCES = \
	engine/package/package.c engine/package/package.h \
	engine/package/rows.h
