PACKAGE_SOURCES = \
	engine/package/copy.c \
	engine/package/decide.c \
	engine/package/files.c \
	engine/package/package.c engine/package/package.h \
	engine/package/plan.c engine/package/plan.h \
	engine/package/plan_layer.c \
	engine/package/rows.h \
	engine/package/sidecars.c \
	engine/package/sources.c engine/package/sources.h \
	engine/package/symbols.c
