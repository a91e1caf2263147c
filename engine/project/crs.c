/* Which CRS a <spatialrefsys> means, as QGIS reads it: the authid counts when the number of QGIS' own database stands beside it, else the WKT decides. A CRS
 * that only the author's computer knows ("USER:100000") is none. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/project/reader.h"

#define OWN_SRSID_FROM 100000 /* QGIS numbers what users make from here on */

/* AUTHORITY:CODE, both of letters and digits. */
static int is_code(const char *text)
{
	size_t n = 0, k;

	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	for (k = n + (text[n] == ':'); isalnum((unsigned char)text[k]); k++)
		;
	return n > 0 && text[n] == ':' && k > n + 1 && !text[k] && strncasecmp(text, "USER:", 5) != 0;
}

static char *upper_authority(char *code)
{
	for (char *p = code; *p && *p != ':'; p++)
		*p = (char)toupper((unsigned char)*p);
	return code;
}

/* The identifier of the whole CRS, which is the last thing in its WKT: ID["EPSG",2056]] or AUTHORITY["EPSG","2056"]]. Caller frees, "" when there is
 * none. */
static char *id_of_wkt(const char *wkt)
{
	const char *at = strrchr(wkt, '['), *code;
	size_t name, n;

	if (!at || at[1] != '"' || !((at - wkt >= 2 && strncmp(at - 2, "ID", 2) == 0) || (at - wkt >= 9 && strncmp(at - 9, "AUTHORITY", 9) == 0)))
		return fp_strdup("");
	name = strcspn(at + 2, "\"");
	code = at + 2 + name;
	code += strspn(code, "\", ");
	n = strspn(code, "0123456789");
	return n && strspn(code + n, "\"] \t\r\n") == strlen(code + n) ? fp_asprintf("%.*s:%.*s", (int)name, at + 2, (int)n, code) : fp_strdup("");
}

char *fp_reader_crs(const xmlNode *spatialrefsys)
{
	char *authid = fp_reader_text(fp_xml_child(spatialrefsys, "authid")), *srsid = fp_reader_text(fp_xml_child(spatialrefsys, "srsid"));
	char *wkt = fp_reader_text(fp_xml_child(spatialrefsys, "wkt")), *crs;
	int number = atoi(srsid);

	if (is_code(authid) && (!*wkt || (number > 0 && number < OWN_SRSID_FROM)))
		crs = fp_strdup(authid);
	else
		crs = id_of_wkt(wkt);
	free(authid);
	free(srsid);
	free(wkt);
	return upper_authority(crs);
}
