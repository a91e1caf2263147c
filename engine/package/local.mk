PACKAGE_SOURCES = \
	engine/package/package.c engine/package/package.h \
	engine/package/rows.h \
	engine/package/verify.c engine/package/verify.h \
	engine/package/verify_data.c \
	engine/package/verify_text.c
