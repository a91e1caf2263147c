#include <string.h>
#include <strings.h>

#include "engine/layers/provider.h"

static const struct fp_provider providers[] = {
	{"ogr", " vector ", FP_CHAIN_FILE, fp_check_ogr, NULL},
	{"gdal", " raster ", FP_CHAIN_RASTER, fp_check_gdal, NULL},
	{"delimitedtext", " vector ", FP_CHAIN_FILE, fp_check_delimitedtext, NULL},
	{"memory", " vector ", FP_CHAIN_NONE, fp_check_memory, NULL},
	{"spatialite", " vector ", FP_CHAIN_FILE, fp_check_spatialite, NULL},
	{"gpx", " vector ", FP_CHAIN_FILE, fp_check_gpx, NULL},
	{"virtual", " vector ", FP_CHAIN_QUERY, fp_check_virtual, NULL},
	{"postgres", " vector ", FP_CHAIN_DATABASE, fp_check_postgres, NULL},
	{"postgresraster", " raster ", FP_CHAIN_DATABASE, fp_check_postgresraster, NULL},
	{"WFS", " vector ", FP_CHAIN_WEB, fp_check_wfs, NULL},
	{"OAPIF", " vector ", FP_CHAIN_WEB, fp_check_oapif, NULL},
	{"wms", " raster ", FP_CHAIN_WEB, fp_check_wms, NULL},
	{"wcs", " raster ", FP_CHAIN_WEB, fp_check_wcs, NULL},
	{"arcgisfeatureserver", " vector ", FP_CHAIN_WEB, fp_check_arcgis_features, NULL},
	{"arcgismapserver", " raster ", FP_CHAIN_WEB, fp_check_arcgis_map, NULL},
	{"vectortile", " vector-tile ", FP_CHAIN_WEB, fp_check_vector_tiles, NULL},
	{"xyzvectortiles", " vector-tile ", FP_CHAIN_WEB, fp_check_vector_tiles, "xyz"},
	{"mbtilesvectortiles", " vector-tile ", FP_CHAIN_RASTER, fp_check_vector_tiles, "mbtiles"},
	{"vtpkvectortiles", " vector-tile ", FP_CHAIN_RASTER, fp_check_vector_tiles, "vtpk"},
	{"arcgisvectortileservice", " vector-tile ", FP_CHAIN_WEB, fp_check_vector_tiles, "arcgis"},
	{"mdal", " mesh ", FP_CHAIN_RASTER, fp_check_mesh, NULL},
	{"pdal", " point-cloud ", FP_CHAIN_RASTER, fp_check_point_cloud, NULL},
	{"copc", " point-cloud ", FP_CHAIN_RASTER, fp_check_point_cloud, NULL},
	{"ept", " point-cloud ", FP_CHAIN_RASTER, fp_check_point_cloud, NULL},
	{"vpc", " point-cloud ", FP_CHAIN_RASTER, fp_check_point_cloud, NULL},
	{"cesiumtiles", " tiled-scene ", FP_CHAIN_WEB, fp_check_tiled_scene, NULL},
	{"quantizedmesh", " tiled-scene ", FP_CHAIN_WEB, fp_check_tiled_scene, NULL},
	{"sensorthings", " vector ", FP_CHAIN_NONE, fp_check_client, NULL},
	{"mssql", " vector ", FP_CHAIN_NONE, fp_check_client, NULL},
	{"oracle", " vector raster ", FP_CHAIN_NONE, fp_check_client, NULL},
	{"hana", " vector ", FP_CHAIN_NONE, fp_check_client, NULL},
	{"DB2", " vector ", FP_CHAIN_NONE, fp_check_client, NULL},
	{"virtualraster", " raster ", FP_CHAIN_NONE, fp_check_client, NULL},
	{"mesh_memory", " mesh ", FP_CHAIN_NONE, fp_check_client, NULL},
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
