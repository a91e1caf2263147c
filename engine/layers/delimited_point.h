/* Coordinates in the fields of a text table. */
#ifndef FP_LAYERS_DELIMITED_POINT_H
#define FP_LAYERS_DELIMITED_POINT_H

struct fp_delimited_point {
	const char *decimal_point; /* what stands for it; NULL or "": the point */
	int dms;                   /* degrees, minutes and seconds: 47 30 0 N */
};

/* 1 when FIELD is a coordinate as QGIS reads one, which *VALUE then is. */
int fp_delimited_coordinate(double *value, const struct fp_delimited_point *how, const char *field);

/* The same for any number. */
int fp_delimited_number(double *value, const char *decimal_point, const char *field);

#endif
