SRC_SOURCES = \
	src/main.c
