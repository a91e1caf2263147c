/* Which names a secret must not have: a secret becomes a variable of a job's environment. */
#include <string.h>

#include "engine/store/secrets.h"

/* What the loader, the C library, GDAL and its libraries, libpq, libcurl and we ourselves look at: "*" at an end stands for anything. */
static const char *const refused[] = {
	"LD_*", "GLIBC_*", "MALLOC_*", "GCONV_PATH", "LOCPATH", "NLSPATH", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS",
	"PATH", "HOME", "IFS", "ENV", "SHELL", "CDPATH", "BASH_*", "TMP", "TEMP", "TMPDIR", "TZ", "TZDIR", "LC_*", "LANG", "LANGUAGE", "PYTHON*",
	"GDAL_*", "OGR_*", "CPL_*", "VSI_*", "GML_*", "OSM_*", "VRT_*", "SHAPE_*", "HDF5_*", "PROJ_*", "GEOTIFF_*", "SQLITE_*", "SPATIALITE_*", "XML_*",
	"PGSERVICEFILE", "PGSYSCONFDIR", "PGPASSFILE", "PGLOCALEDIR", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR", "KRB5*",
	"CURL_*", "SSL_*", "OPENSSL_*", "*_PROXY", "FIELDPOST_*", "ASAN_*", "UBSAN_*", "LSAN_*", "TSAN_*", "MSAN_*",
};

static int matches(const char *name, const char *pattern)
{
	size_t n = strlen(pattern), len = strlen(name);

	if (*pattern == '*')
		return len >= n - 1 && strcmp(name + len - (n - 1), pattern + 1) == 0;
	if (pattern[n - 1] == '*')
		return strncmp(name, pattern, n - 1) == 0;
	return strcmp(name, pattern) == 0;
}

enum fp_status fp_secret_name_check(const char *name, struct fp_error *err)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t n = strlen(name);

	if (n < 2 || n > FP_SECRET_NAME_MAX || !strchr(capitals, name[0]) || strspn(name, rest) != n)
		return fp_fail(err, FP_E_INVALID, "a secret's name has 2 to %d capitals, digits and \"_\", a capital first; \"%s\" is none", FP_SECRET_NAME_MAX, name);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (matches(name, refused[i]))
			return fp_fail(err, FP_E_REFUSED, "a secret must not be named %s: that would change how the programs of a job start or read data", name);
	return FP_OK;
}
