#include "engine/base/path.h"

#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"

enum fp_status fp_name_check(const char *name, struct fp_error *err)
{
	size_t len = strlen(name);
	const char *p = name;

	if (len == 0)
		return fp_fail(err, FP_E_INVALID, "a file name is empty");
	if (len > FP_NAME_MAX)
		return fp_fail(err, FP_E_INVALID, "file name of %zu bytes is longer than %d", len, FP_NAME_MAX);
	if (!fp_text_valid(name, len))
		return fp_fail(err, FP_E_INVALID, "file name \"%s\" is not UTF-8", name);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
			return fp_fail(err, FP_E_INVALID, "file name \"%s\" has a control character", name);
	if (name[0] == '/')
		return fp_fail(err, FP_E_INVALID, "file name \"%s\" is an absolute path", name);
	for (;;) {
		size_t n = strcspn(p, "/");
		if (n == 0)
			return fp_fail(err, FP_E_INVALID, "file name \"%s\" has an empty part", name);
		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return fp_fail(err, FP_E_INVALID, "file name \"%s\" points outside the project folder", name);
		if (n > 255)
			return fp_fail(err, FP_E_INVALID, "a part of file name \"%s\" is longer than 255 bytes", name);
		if (!p[n])
			return FP_OK;
		p += n + 1;
	}
}

int fp_name_hidden(const char *name)
{
	return name[0] == '.' || strstr(name, "/.") != NULL;
}

char *fp_path_join(const char *a, const char *b)
{
	size_t n = strlen(a);

	while (n > 1 && a[n - 1] == '/')
		n--;
	while (*b == '/')
		b++;
	if (n == 1 && a[0] == '/')
		n = 0;
	return fp_asprintf("%.*s/%s", (int)n, a, b);
}

const char *fp_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *fp_path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return fp_strdup(".");
	return slash == path ? fp_strdup("/") : fp_strndup(path, (size_t)(slash - path));
}

char *fp_path_fold(const char *path)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_assert(path[0] == '/');
	for (const char *p = path; *p;) {
		size_t n;
		while (*p == '/')
			p++;
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			while (b.len > 0 && b.data[--b.len] != '/')
				;
			if (b.cap)
				b.data[b.len] = '\0';
		} else if (n > 0 && !(n == 1 && p[0] == '.')) {
			fp_buf_addc(&b, '/');
			fp_buf_add(&b, p, n);
		}
		p += n;
	}
	if (b.len == 0)
		fp_buf_addc(&b, '/');
	return fp_buf_take(&b);
}

int fp_path_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	while (n > 1 && root[n - 1] == '/')
		n--;
	if (n == 1 && root[0] == '/')
		return path[0] == '/';
	return strncmp(path, root, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

int fp_path_has_suffix(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n >= m && strcasecmp(path + n - m, suffix) == 0;
}
