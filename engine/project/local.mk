PROJECT_SOURCES = \
	engine/project/container.c engine/project/container.h \
	engine/project/crs.c \
	engine/project/facts.c \
	engine/project/grammar.c \
	engine/project/layerdefs.c \
	engine/project/project.c engine/project/project.h \
	engine/project/reader.h \
	engine/project/source.c engine/project/source.h \
	engine/project/xml.c engine/project/xml.h
