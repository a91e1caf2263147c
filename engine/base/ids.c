#include "engine/base/ids.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

char *fp_uuid_new(char out[FP_UUID_SIZE])
{
	unsigned char r[16];
	char hex[33];

	randombytes_buf(r, sizeof r);
	r[6] = (unsigned char)((r[6] & 0x0F) | 0x40);
	r[8] = (unsigned char)((r[8] & 0x3F) | 0x80);
	sodium_bin2hex(hex, sizeof hex, r, sizeof r);
	snprintf(out, FP_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	return out;
}

int fp_uuid_parse(char out[FP_UUID_SIZE], const char *text)
{
	size_t len = strlen(text);

	if (len == 38 && text[0] == '{' && text[37] == '}') {
		text++;
		len = 36;
	}
	if (len != 36)
		return -1;
	for (int i = 0; i < 36; i++) {
		int dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return -1;
		out[i] = (char)tolower((unsigned char)text[i]);
	}
	out[36] = '\0';
	return 0;
}
