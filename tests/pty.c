#include "tests/pty.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/error.h"

double pty_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void pty_start(struct pty *p, int lines, int columns, char *const argv[])
{
	struct winsize ws = { .ws_row = (unsigned short)lines, .ws_col = (unsigned short)columns };

	*p = (struct pty){ .lines = lines, .columns = columns, .raw = FP_BUF_INIT };
	p->vt = vterm_new(lines, columns);
	vterm_set_utf8(p->vt, 1);
	p->screen = vterm_obtain_screen(p->vt);
	vterm_screen_enable_altscreen(p->screen, 1);
	vterm_screen_reset(p->screen, 1);
	setenv("TERM", "xterm-256color", 1);
	unsetenv("LINES");
	unsetenv("COLUMNS");
	p->started = pty_now();
	p->pid = forkpty(&p->fd, NULL, NULL, &ws);
	fp_assert(p->pid >= 0);
	if (p->pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
}

void pty_resize(struct pty *p, int lines, int columns)
{
	struct winsize ws = { .ws_row = (unsigned short)lines, .ws_col = (unsigned short)columns };

	p->lines = lines;
	p->columns = columns;
	vterm_set_size(p->vt, lines, columns);
	ioctl(p->fd, TIOCSWINSZ, &ws);
}

void pty_type(struct pty *p, const char *bytes)
{
	ssize_t n = write(p->fd, bytes, strlen(bytes));

	fp_assert(n == (ssize_t)strlen(bytes));
}

/* Reads what comes within TIMEOUT_MS: the bytes, 0 when nothing came, -1 at the end. */
static ssize_t read_some(struct pty *p, double timeout_ms)
{
	struct timespec t = { .tv_sec = (time_t)(timeout_ms / 1e3), .tv_nsec = (long)(timeout_ms * 1e6) % 1000000000L };
	struct pollfd f = { .fd = p->fd, .events = POLLIN };
	char bytes[65536];
	ssize_t n;

	if (ppoll(&f, 1, &t, NULL) <= 0)
		return 0;
	n = read(p->fd, bytes, sizeof bytes);
	if (n <= 0)
		return -1;
	fp_buf_add(&p->raw, bytes, (size_t)n);
	vterm_input_write(p->vt, bytes, (size_t)n);
	return n;
}

int pty_wait(struct pty *p, const char *text, int timeout_ms)
{
	double until = pty_now() + timeout_ms;

	while (!strstr(pty_text(p), text)) {
		double left = until - pty_now();
		if (left <= 0 || read_some(p, left < 50 ? left : 50) < 0)
			return strstr(pty_text(p), text) != NULL;
	}
	return 1;
}

double pty_settle(struct pty *p, double quiet_ms, int timeout_ms)
{
	double until = pty_now() + timeout_ms, last = 0;

	for (;;) {
		double now = pty_now(), wait = last > 0 ? quiet_ms : until - now;
		ssize_t n = wait > 0 ? read_some(p, wait) : 0;
		if (n <= 0)
			return last;
		last = pty_now();
	}
}

int pty_end(struct pty *p, int timeout_ms)
{
	double until = pty_now() + timeout_ms;
	int status;

	while (pty_now() < until) {
		read_some(p, 20);
		if (waitpid(p->pid, &status, WNOHANG) == p->pid) {
			while (read_some(p, 20) > 0)
				;
			p->pid = 0;
			return status;
		}
	}
	return -1;
}

const char *pty_text(struct pty *p)
{
	struct fp_buf b = FP_BUF_INIT;

	for (int y = 0; y < p->lines; y++) {
		size_t begin = b.len;
		for (int x = 0; x < p->columns; x++) {
			VTermScreenCell cell;
			char bytes[8];
			vterm_screen_get_cell(p->screen, (VTermPos){ .row = y, .col = x }, &cell);
			if (cell.chars[0] == (uint32_t)-1)
				continue; /* the right half of a wide one */
			if (cell.chars[0] == 0)
				fp_buf_addc(&b, ' ');
			for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++) {
				uint32_t c = cell.chars[i];
				int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
				for (int k = n - 1; k > 0; k--, c >>= 6)
					bytes[k] = (char)(0x80 | (c & 0x3F));
				bytes[0] = (char)(n == 1 ? c : (0xF0 << (4 - n) & 0xFF) | c);
				fp_buf_add(&b, bytes, (size_t)n);
			}
		}
		while (b.len > begin && b.data[b.len - 1] == ' ')
			b.data[--b.len] = '\0';
		fp_buf_addc(&b, '\n');
	}
	free(p->text);
	p->text = fp_buf_take(&b);
	return p->text;
}

void pty_free(struct pty *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	close(p->fd);
	vterm_free(p->vt);
	fp_buf_free(&p->raw);
	free(p->text);
}
