#include "src/secret_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/base/proc.h"
#include "engine/store/secrets.h"
#include "src/output.h"

#define ROOM (FP_SECRET_VALUE_MAX + 3) /* what is allowed, a newline of two bytes, and one byte that is too much */
#define TYPED_MAX 4000                 /* a terminal in line mode hands over 4095 bytes and drops the rest without a word */

static enum fp_status read_all(struct fp_secret_input *in, int fd, const char *what, struct fp_error *err)
{
	while (in->len < ROOM) {
		ssize_t n = read(fd, in->text + in->len, ROOM - in->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fp_fail_errno(err, errno, "cannot read %s", what);
		if (n == 0)
			return FP_OK;
		in->len += (size_t)n;
	}
	return fp_fail(err, FP_E_FULL, "%s holds more than %d bytes, which no secret may have", what, FP_SECRET_VALUE_MAX);
}

static void cut_newline(struct fp_secret_input *in)
{
	in->len -= in->len > 0 && in->text[in->len - 1] == '\n';
	in->len -= in->len > 0 && in->text[in->len - 1] == '\r';
}

/* A line of the terminal, or a signal that ends the waiting: the terminal is always given its echo back. */
static enum fp_status wait_line(struct fp_secret_input *in, int signals, struct fp_error *err)
{
	struct pollfd fds[2] = {{.fd = 0, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	struct signalfd_siginfo got;
	ssize_t n;

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return fp_fail_errno(err, errno, "cannot wait for the terminal");
	if (fds[1].revents && read(signals, &got, sizeof got) == (ssize_t)sizeof got) /* taken, else it would strike as soon as it may */
		return fp_fail(err, FP_E_CANCELLED, "nothing was done");
	n = read(0, in->text, ROOM);
	in->len = n > 0 ? (size_t)n : 0;
	if (in->len == 0)
		return fp_fail(err, FP_E_CANCELLED, "nothing was typed, and nothing was done");
	if (in->len > TYPED_MAX || in->text[in->len - 1] != '\n')
		return fp_fail(err, FP_E_FULL, "a value of more than %d bytes cannot be typed: put it into a file, and name that with --file", TYPED_MAX);
	cut_newline(in);
	return FP_OK;
}

static enum fp_status type_line(struct fp_secret_input *in, const char *question, struct fp_error *err)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	struct termios before, quiet;
	sigset_t mask;
	int signals;
	enum fp_status st;

	if (tcgetattr(0, &before) != 0)
		return fp_fail_errno(err, errno, "cannot ask on the terminal");
	signals = fp_signals_begin(&mask, ending, sizeof ending / sizeof *ending);
	if (signals < 0)
		return fp_fail_errno(err, errno, "cannot watch for signals");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	quiet.c_lflag |= ECHONL | ICANON;
	tcsetattr(0, TCSAFLUSH, &quiet);
	fp_say("%s: ", question);
	st = wait_line(in, signals, err);
	tcsetattr(0, TCSAFLUSH, &before);
	fp_signals_end(signals, &mask);
	return st;
}

static enum fp_status type_twice(struct fp_secret_input *in, const char *name, struct fp_error *err)
{
	struct fp_secret_input again = {fp_alloc(ROOM), 0};
	char *question = fp_asprintf("Value of %s (not shown)", name);
	enum fp_status st = type_line(in, question, err);

	free(question);
	if (st == FP_OK)
		st = type_line(&again, "Once more", err);
	if (st == FP_OK && (again.len != in->len || sodium_memcmp(again.text, in->text, in->len) != 0))
		st = fp_fail(err, FP_E_INVALID, "the two values are not the same; nothing was done");
	fp_secret_input_clear(&again);
	return st;
}

static enum fp_status read_file(struct fp_secret_input *in, const char *file, struct fp_error *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	enum fp_status st = fd < 0 ? fp_fail_errno(err, errno, "cannot open %s", file) : read_all(in, fd, file, err);

	if (fd >= 0)
		close(fd);
	return st;
}

enum fp_status fp_secret_input(struct fp_secret_input *in, const char *file, const char *name, int line, struct fp_error *err)
{
	enum fp_status st;

	in->text = fp_alloc(ROOM);
	in->len = 0;
	if (file) {
		st = read_file(in, file, err);
	} else if (!isatty(0)) {
		st = read_all(in, 0, "standard input", err);
	} else if (line) {
		st = type_twice(in, name, err);
	} else {
		st = fp_fail(err, FP_E_USAGE, "a pg_service.conf has several lines: name it with --file, or give it on standard input");
		fp_error_hint(err, "the console asks for its parts one by one: Secrets, then n");
	}
	if (st == FP_OK && line)
		cut_newline(in);
	if (st != FP_OK)
		fp_secret_input_clear(in);
	return st;
}

void fp_secret_input_clear(struct fp_secret_input *in)
{
	if (in->text)
		sodium_memzero(in->text, ROOM);
	free(in->text);
	in->text = NULL;
	in->len = 0;
}
