BASE_SOURCES = \
	engine/base/buf.c engine/base/buf.h \
	engine/base/clock.c engine/base/clock.h \
	engine/base/config.c engine/base/config.h \
	engine/base/digest.c \
	engine/base/error.c engine/base/error.h \
	engine/base/failpoint.c engine/base/failpoint.h \
	engine/base/folder.c \
	engine/base/fs.c engine/base/fs.h \
	engine/base/ids.c engine/base/ids.h \
	engine/base/json.c engine/base/json.h \
	engine/base/mem.c engine/base/mem.h \
	engine/base/nearest.c engine/base/nearest.h \
	engine/base/path.c engine/base/path.h \
	engine/base/pgservice.c engine/base/pgservice.h \
	engine/base/proc.c engine/base/proc.h \
	engine/base/text.c engine/base/text.h \
	engine/base/walls.c engine/base/walls.h \
	engine/base/yaml.c engine/base/yaml.h
