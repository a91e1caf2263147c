/* Identifiers. */
#ifndef FP_BASE_IDS_H
#define FP_BASE_IDS_H

#define FP_UUID_SIZE 37

/* A new random UUID (version 4), lower case, without braces. Returns OUT. */
char *fp_uuid_new(char out[FP_UUID_SIZE]);

/* Reads TEXT as a UUID with or without braces, any case, into the plain lower-case form. 0, or -1 when it is none. */
int fp_uuid_parse(char out[FP_UUID_SIZE], const char *text);

#endif
