#include <string.h>
#include <strings.h>

#include "engine/layers/provider.h"

static const struct fp_provider providers[] = {
	{"ogr", " vector ", fp_check_ogr, NULL},
	{"gdal", " raster ", fp_check_gdal, NULL},
	{"delimitedtext", " vector ", fp_check_delimitedtext, NULL},
	{"memory", " vector ", fp_check_memory, NULL},
	{"spatialite", " vector ", fp_check_spatialite, NULL},
	{"gpx", " vector ", fp_check_gpx, NULL},
	{"wms", " raster ", fp_check_wms, NULL},
	{"arcgismapserver", " raster ", fp_check_definition, NULL},
	{"vectortile", " vector-tile ", fp_check_vectortile, "Esri tile packages"},
	{"xyzvectortiles", " vector-tile ", fp_check_vectortile, NULL},
	{"mbtilesvectortiles", " vector-tile ", fp_check_vectortile, "vector tiles"},
	{"vtpkvectortiles", " vector-tile ", fp_check_vectortile, "Esri tile packages"},
	{"arcgisvectortileservice", " vector-tile ", fp_check_vectortile, NULL},
	{"virtual", " vector ", fp_check_virtual, NULL},
	{"postgres", " vector ", fp_check_network, NULL},
	{"postgresraster", " raster ", fp_check_network, NULL},
	{"WFS", " vector ", fp_check_network, NULL},
	{"OAPIF", " vector ", fp_check_network, NULL},
	{"wcs", " raster ", fp_check_network, NULL},
	{"arcgisfeatureserver", " vector ", fp_check_network, NULL},
	{"sensorthings", " vector ", fp_check_client, "SensorThings"},
	{"mssql", " vector ", fp_check_client, "SQL Server"},
	{"oracle", " vector raster ", fp_check_client, "Oracle"},
	{"hana", " vector ", fp_check_client, "SAP HANA"},
	{"DB2", " vector ", fp_check_client, "DB2"},
	{"virtualraster", " raster ", fp_check_client, "the raster calculator"},
	{"mdal", " mesh ", fp_check_existence, "MDAL"},
	{"mesh_memory", " mesh ", fp_check_client, "MDAL"},
	{"pdal", " point-cloud ", fp_check_client, "PDAL"},
	{"copc", " point-cloud ", fp_check_client, "PDAL"},
	{"ept", " point-cloud ", fp_check_client, "PDAL"},
	{"vpc", " point-cloud ", fp_check_client, "PDAL"},
	{"cesiumtiles", " tiled-scene ", fp_check_client, "3D tiles"},
	{"quantizedmesh", " tiled-scene ", fp_check_client, "3D tiles"},
};

const struct fp_provider *fp_provider_find(const char *name)
{
	const struct fp_provider *end = providers + sizeof providers / sizeof *providers;

	for (const struct fp_provider *p = providers; p < end; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	for (const struct fp_provider *p = providers; p < end; p++)
		if (strcasecmp(p->name, name) == 0)
			return p;
	return NULL;
}
