SRC_SOURCES = \
	src/cmd_apply.c \
	src/cmd_check.c \
	src/command.c src/command.h \
	src/commands.c src/commands.h \
	src/main.c \
	src/output.c src/output.h \
	src/plain.c src/plain.h
