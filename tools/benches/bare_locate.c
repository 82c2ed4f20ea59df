/* Point in grid by GEOS alone: an STR tree over bounding boxes and prepared polygons, as PostGIS would do it.
 *
 *   bare_locate FOLDER CPU_SECONDS
 *
 * FOLDER holds grids.wkt (a polygon a line) and points.txt (`lon lat place`, the place being Snowlight's answer). Prints one JSON object. */

#define GEOS_USE_ONLY_R_API
#include <geos_c.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct grid {
    int place;
    GEOSGeometry *polygon;
    const GEOSPreparedGeometry *prepared;
};

struct search {
    GEOSContextHandle_t geos;
    const GEOSGeometry *point;
    int place;
};

static void complain(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

static void fail(const char *what) {
    complain("bare_locate: %s", what);
    exit(70);
}

static double cpu_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static FILE *open_in(const char *folder, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file) fail("a file of the folder cannot be read");
    return file;
}

/* Keeps the smallest place, as Snowlight does on the outer edge. */
static void candidate(void *item, void *userdata) {
    struct grid *grid = item;
    struct search *search = userdata;
    if (grid->place < search->place && GEOSPreparedIntersects_r(search->geos, grid->prepared, search->point) == 1) search->place = grid->place;
}

int main(int count, char **arguments) {
    if (count != 3) fail("usage: bare_locate FOLDER CPU_SECONDS");
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSContext_setErrorHandler_r(geos, complain);

    double start = cpu_seconds();
    FILE *file = open_in(arguments[1], "grids.wkt");
    GEOSWKTReader *reader = GEOSWKTReader_create_r(geos);
    GEOSSTRtree *tree = GEOSSTRtree_create_r(geos, 10);
    char *line = NULL;
    size_t room = 0;
    int grids = 0;
    while (getline(&line, &room, file) > 0) {
        struct grid *grid = malloc(sizeof *grid);
        if (!grid) fail("no memory");
        grid->place = grids++;
        grid->polygon = GEOSWKTReader_read_r(geos, reader, line);
        if (!grid->polygon) fail("a polygon cannot be read");
        grid->prepared = GEOSPrepare_r(geos, grid->polygon);
        GEOSSTRtree_insert_r(geos, tree, grid->polygon, grid);
    }
    fclose(file);

    file = open_in(arguments[1], "points.txt");
    size_t points = 0, capacity = 1 << 16;
    double *places = malloc(capacity * 2 * sizeof *places);
    int *answers = malloc(capacity * sizeof *answers);
    while (places && answers && fscanf(file, "%lf %lf %d", &places[2 * points], &places[2 * points + 1], &answers[points]) == 3) {
        if (++points < capacity) continue;
        capacity *= 2;
        places = realloc(places, capacity * 2 * sizeof *places);
        answers = realloc(answers, capacity * sizeof *answers);
    }
    if (!places || !answers || points == 0) fail("no points");
    fclose(file);

    /* The first pass builds what GEOS builds lazily, and compares. */
    size_t done = 0, differing = 0;
    double build = 0, used = 0;
    for (int pass = 0; pass == 0 || used < atof(arguments[2]); pass++) {
        for (size_t i = 0; i < points; i++) {
            GEOSGeometry *point = GEOSGeom_createPointFromXY_r(geos, places[2 * i], places[2 * i + 1]);
            struct search search = {geos, point, INT_MAX};
            GEOSSTRtree_query_r(geos, tree, point, candidate, &search);
            GEOSGeom_destroy_r(geos, point);
            if (pass == 0 && search.place != answers[i]) differing++;
        }
        if (pass == 0) {
            build = cpu_seconds() - start;
            start = cpu_seconds();
        } else {
            done += points;
            used = cpu_seconds() - start;
        }
    }
    printf("{\"version\":\"%s\",\"grids\":%d,\"points\":%zu,\"first_pass_s\":%.3f,\"cpu_seconds\":%.3f,\"points_per_second\":%.0f,\"differing\":%zu}\n",
           GEOSversion(), grids, done, build, used, done / used, differing);
    return 0;
}
