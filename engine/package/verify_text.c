#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "engine/base/path.h"
#include "engine/package/verify.h"
#include "engine/project/container.h"

#define PIECE (1 << 18)
#define NEEDLES_MAX 8
#define NEEDLE_MAX 4096 /* a path of this machine */

struct needles {
	const char *text[NEEDLES_MAX];
	int64_t n[NEEDLES_MAX]; /* how often each was found */
	size_t count;
};

static void add(struct needles *s, const char *text)
{
	if (text && *text && strlen(text) < NEEDLE_MAX && s->count < NEEDLES_MAX)
		s->text[s->count++] = text;
}

static int64_t occurrences(const char *text, size_t n, const char *needle)
{
	size_t k = strlen(needle);
	int64_t found = 0;

	for (const char *p = text; (p = memmem(p, n - (size_t)(p - text), needle, k)); p += k)
		found++;
	return found;
}

/* Either a member of an archive or a plain file. */
struct text {
	zip_t *archive;
	zip_file_t *member;
	int fd;
};

static ssize_t text_read(struct text *t, char *to, size_t n)
{
	return t->member ? (ssize_t)zip_fread(t->member, to, n) : read(t->fd, to, n);
}

static void text_close(struct text *t)
{
	if (t->member)
		zip_fclose(t->member);
	if (t->archive)
		zip_discard(t->archive);
	if (t->fd >= 0)
		close(t->fd);
}

static enum fp_status text_open(struct text *t, const char *path, struct fp_error *err)
{
	enum fp_status st;

	*t = (struct text){.fd = -1};
	st = fp_container_archive(&t->archive, path, err);
	if (st == FP_OK && t->archive) {
		t->member = zip_fopen_index(t->archive, (zip_uint64_t)fp_container_member(t->archive), 0);
		if (!t->member)
			st = fp_fail(err, FP_E_INVALID, "the project in %s cannot be read: %s", fp_path_base(path), zip_strerror(t->archive));
	} else if (st == FP_OK && (t->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		st = fp_fail_errno(err, errno, "cannot open %s", path);
	}
	return st;
}

/* Looks through the whole text a piece at a time; the end of a piece stays, so that what lies across two is found. */
static enum fp_status search(struct needles *s, const char *path, struct fp_error *err)
{
	struct text t;
	char *piece = fp_alloc(PIECE + NEEDLE_MAX);
	size_t kept = 0;
	ssize_t n = 0;
	enum fp_status st = text_open(&t, path, err);

	while (st == FP_OK && (n = text_read(&t, piece + kept, PIECE)) > 0) {
		size_t len = kept + (size_t)n;
		for (size_t i = 0; i < s->count; i++) /* what lies wholly in the part that stayed was counted already */
			s->n[i] += occurrences(piece, len, s->text[i]) - occurrences(piece, kept, s->text[i]);
		kept = len < NEEDLE_MAX ? len : NEEDLE_MAX;
		memmove(piece, piece + len - kept, kept);
	}
	if (st == FP_OK && n < 0)
		st = fp_fail(err, FP_E_IO, "the project in %s cannot be read to its end", fp_path_base(path));
	text_close(&t);
	free(piece);
	return st;
}

enum fp_status fp_verify_text(const struct fp_verify *v, struct fp_error *err)
{
	struct fp_package *p = v->p;
	struct needles source = {0}, packaged;
	char *name = fp_asprintf("%s_qfield.qgz", p->stem), *path = fp_path_join(p->output, name);
	enum fp_status st;

	add(&source, p->project->home);
	add(&source, p->output);
	add(&source, p->scratch);
	add(&source, "password=");
	add(&source, "PGPASSWORD");
	packaged = source;
	st = search(&source, p->project->path, err);
	if (st == FP_OK)
		st = search(&packaged, path, err);
	for (size_t i = 0; st == FP_OK && i < packaged.count; i++) {
		const char *what = packaged.text[i][0] == '/' ? "a folder of this machine" : "a login";
		if (packaged.n[i] > source.n[i])
			st = fp_fail(err, FP_E_INVALID, "the packaged project names %s (%s), which the project itself does not", what, packaged.text[i]);
		else if (packaged.n[i])
			fp_package_warn(p, NULL, packaged.text[i][0] == '/' ? "path_kept" : "credentials", packaged.n[i], "the project names %s (%s), and so does the "
				"package", what, packaged.text[i]);
	}
	if (st == FP_OK)
		fp_verify_say(v, "The project names no folder of this machine and no login that it did not name before.");
	free(name);
	free(path);
	return st;
}
