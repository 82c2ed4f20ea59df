// The tables of grid sets and camera bindings; their steps are 40 to 49 of the dispatcher's schema.
// map files, operators → **map on disk** → registry → incidents

import Storage

/// What is published is never changed: a row of `grid_set` gets a state and dates, its geometry stays as it was stored.
enum MapSchema {
    static let migrations = [
        Migration(40, "grid sets", gridSets), Migration(41, "camera bindings", bindings),
    ]

    private static let gridSets = [
        """
        CREATE TABLE grid_set (
            number BIGINT NOT NULL PRIMARY KEY, based_on BIGINT NOT NULL, restores BIGINT, state TEXT NOT NULL, reason TEXT NOT NULL,
            author TEXT NOT NULL, author_name TEXT NOT NULL, created_ms BIGINT NOT NULL, checker TEXT, checked_ms BIGINT,
            publisher TEXT, publisher_name TEXT, published_ms BIGINT, retired_ms BIGINT, valid_from_ms BIGINT NOT NULL,
            boundary_json TEXT NOT NULL, grids_json TEXT NOT NULL, sha256 TEXT NOT NULL)
        """,
        // One row: the set in force and the revision of the bindings. Writers lock it, so that nobody resolves by a map that is no more.
        "CREATE TABLE map_head (id BIGINT NOT NULL PRIMARY KEY, grid_set BIGINT NOT NULL, bindings BIGINT NOT NULL)",
        "INSERT INTO map_head (id, grid_set, bindings) VALUES (1, 0, 0)",
        // Every link that is not a grid kept as it was.
        """
        CREATE TABLE grid_lineage (
            grid_set BIGINT NOT NULL, from_code TEXT NOT NULL, to_code TEXT NOT NULL, kind TEXT NOT NULL, overlap_m2 DOUBLE PRECISION NOT NULL,
            share_of_old DOUBLE PRECISION NOT NULL, share_of_new DOUBLE PRECISION NOT NULL, PRIMARY KEY (grid_set, from_code, to_code))
        """,
        // What a publication did to open cases. The first row of a case names the grid in which it was filed.
        """
        CREATE TABLE rehoming (
            grid_set BIGINT NOT NULL, case_id TEXT NOT NULL, step TEXT NOT NULL, from_grid TEXT, to_grid TEXT NOT NULL, from_handling TEXT,
            from_assignee TEXT, to_assignee TEXT, PRIMARY KEY (grid_set, case_id))
        """,
        "CREATE INDEX rehoming_of_case ON rehoming (case_id, grid_set)",
        """
        CREATE TABLE camera_move (
            grid_set BIGINT NOT NULL, camera_id TEXT NOT NULL, from_grid TEXT, to_grid TEXT, method TEXT NOT NULL, needs_review BIGINT NOT NULL,
            PRIMARY KEY (grid_set, camera_id))
        """,
    ]

    private static let bindings = [
        // Rows are closed and never changed: `valid_to_ms` is null for what counts now. A null grid means that geometry decides.
        """
        CREATE TABLE camera_binding (
            camera_id TEXT NOT NULL, version BIGINT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL, grid_code TEXT, ground_json TEXT,
            valid_from_ms BIGINT NOT NULL, valid_to_ms BIGINT, set_by TEXT NOT NULL, set_by_name TEXT NOT NULL, reason TEXT NOT NULL,
            grid_set TEXT NOT NULL, PRIMARY KEY (camera_id, version))
        """,
        // Where a camera stood when its grid was last settled, and why that is open again.
        """
        CREATE TABLE camera_standing (
            camera_id TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, lon_e7 BIGINT NOT NULL, lat_e7 BIGINT NOT NULL, review TEXT)
        """,
    ]
}
