#include "engine/project/source.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"

static int starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static int starts_nocase(const char *s, const char *with)
{
	return strncasecmp(s, with, strlen(with)) == 0;
}

const char *fp_source_written_vsi(const char *path)
{
	static const char *const all[] = {"/vsizip/", "/vsitar/", "/vsigzip/"};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (starts_nocase(path, all[i]))
			return all[i];
	return "";
}

const char *fp_source_implied_vsi(const char *source)
{
	static const char *const all[][2] = {{".zip", "/vsizip/"}, {".tar", "/vsitar/"}, {".tar.gz", "/vsitar/"}, {".gz", "/vsigzip/"}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (fp_path_has_suffix(source, all[i][0]))
			return all[i][1];
	return "";
}

char *fp_source_resolve(const char *home, const char *path)
{
	const char *vsi = fp_source_written_vsi(path);
	char *joined, *result;
	char real[PATH_MAX];
	struct stat sb;

	if (starts(path, "localized:"))
		return fp_strdup("");
	path += strlen(vsi);
	if (!*path || *path == '/')
		return fp_asprintf("%s%s", vsi, path);
	joined = fp_path_join(home, path);
	if (starts(path, "./") || starts(path, "../")) {
		char *folded = fp_path_fold(joined);
		result = fp_asprintf("%s%s", vsi, folded);
		free(folded);
	} else if (stat(joined, &sb) == 0 && realpath(joined, real)) {
		result = fp_asprintf("%s%s", vsi, real);
	} else {
		result = fp_asprintf("%s%s", vsi, path);
	}
	free(joined);
	return result;
}

int fp_source_is_localized(const char *source)
{
	return starts(source, "localized:") || starts(source, "file:localized:") || strstr(source, "url=localized:") ||
		strstr(source, "url=file:localized:");
}

char *fp_source_authcfg(const char *source, int *bare)
{
	static const char key[] = "authcfg=";
	enum { LENGTH = 7 };

	for (const char *p = strstr(source, key); p; p = strstr(p + 1, key)) {
		const char *v = p + sizeof key - 1;
		int quoted = *v == '\'' || *v == '"';
		size_t n = 0;
		v += quoted;
		while (n < LENGTH && isalnum((unsigned char)v[n]))
			n++;
		if (n < LENGTH)
			continue;
		if (bare)
			*bare = !quoted;
		return fp_strndup(v, LENGTH);
	}
	return NULL;
}

/* The bytes of the secret value that begins at V: a quoted one with its escapes, and up to what ends a value in the grammar that the key stands in. In
 * a QUERY that is more than a blank; an escaped "&" ends it only when its "=" was ESCAPED too, that is, inside an address that is a value itself. */
static size_t secret_length(const char *v, int query, int escaped)
{
	size_t n = 0;

	if (*v == '\'' || *v == '"') {
		for (n = 1; v[n] && v[n] != *v;)
			n += v[n] == '\\' && v[n + 1] ? 2 : 1;
		n += v[n] != '\0';
	}
	while (v[n] && !isspace((unsigned char)v[n]) && !(query && strchr("&|'\"<>#", v[n])) && !(escaped && starts_nocase(v + n, "%26")))
		n++;
	return n;
}

/* The length of "name=" (or "name%3D") at P when NAME is one that holds a secret, else 0. */
static size_t secret_key(const char *p)
{
	static const char *const names[] = {"password", "passwd", "pwd", "passphrase", "token", "access_token", "apikey", "api_key", "authorization",
		"secret", "signature", "sig", "subscription-key"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i]);
		if (strncasecmp(p, names[i], n) != 0)
			continue;
		while (isspace((unsigned char)p[n]))
			n++;
		if (p[n] == '=' && p[n + 1] != '\0')
			return n + 1;
		if (strncasecmp(p + n, "%3d", 3) == 0)
			return n + 3;
	}
	return 0;
}

/* When P is the "://" (or its escaped form) of an address with a login: the bytes up to the "@", *INTRO of them the "://"; else 0. */
static size_t login_length(const char *p, size_t *intro)
{
	size_t n;

	if (starts(p, "://")) {
		*intro = 3;
		n = 3 + strcspn(p + 3, "@/?#&|'\" \t\n");
		return p[n] == '@' ? n : 0;
	}
	if (!starts_nocase(p, "%3a%2f%2f"))
		return 0;
	*intro = 9;
	for (n = 9; p[n] && !strchr("&|'\" \t\n", p[n]) && !starts_nocase(p + n, "%2f"); n++)
		if (starts_nocase(p + n, "%40"))
			return n;
	return 0;
}

char *fp_source_redact(const char *source)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *p = source;

	fp_buf_add(&b, "", 0);
	while (*p) {
		int fresh = p == source || !isalnum((unsigned char)p[-1]) || (p - source >= 3 && p[-3] == '%');
		size_t key = fresh ? secret_key(p) : 0, intro, login = key ? 0 : login_length(p, &intro);
		if (key) {
			int escaped = p[key - 1] != '=', query = escaped || (p > source && !isspace((unsigned char)p[-1]) && !strchr("'\"", p[-1]));
			fp_buf_add(&b, p, key);
			fp_buf_adds(&b, "***");
			while (isspace((unsigned char)p[key]))
				key++;
			p += key + secret_length(p + key, query, escaped);
		} else if (login) {
			fp_buf_add(&b, p, intro);
			fp_buf_adds(&b, "***");
			p += login;
		} else {
			fp_buf_addc(&b, *p++);
		}
	}
	return fp_buf_take(&b);
}

char *fp_percent_decode(const char *text, size_t n)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '%' && i + 2 < n && isxdigit((unsigned char)text[i + 1]) && isxdigit((unsigned char)text[i + 2])) {
			char hex[3] = {text[i + 1], text[i + 2], '\0'};
			char c = (char)strtol(hex, NULL, 16);
			if (c == '\0')
				break;
			fp_buf_addc(&b, c);
			i += 2;
		} else {
			fp_buf_addc(&b, text[i]);
		}
	}
	return fp_buf_take(&b);
}
