/* The baseline of `tools/bench bus`: the same promise with nothing around it. One thread reads rows from an SQLite file and sends them over a
   DEALER; the other takes them from a ROUTER, stores up to 256 or what comes within 5 ms in one transaction with a unique identity,
   commits with full sync and acknowledges cumulatively; the acknowledged rows are marked. No incident is looked into, no grid, no case.
   usage: bare_bus FOLDER COUNT; prints one JSON object. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { WINDOW = 256, BYTES = 700 };
static const char *folder;
static long total;
static void *context;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int ok, const char *what) {
    if (!ok) { fprintf(stderr, "bare_bus: %s\n", what); exit(1); }
}

static sqlite3 *open_file(const char *name, const char *schema) {
    char path[4096];
    sqlite3 *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    must(sqlite3_open(path, &file) == SQLITE_OK, "open");
    must(sqlite3_exec(file, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", 0, 0, 0) == SQLITE_OK, "pragma");
    must(sqlite3_exec(file, schema, 0, 0, 0) == SQLITE_OK, "schema");
    return file;
}

static void *receive(void *unused) {
    (void)unused;
    sqlite3 *file = open_file("inbox.sqlite", "CREATE TABLE inbox (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
    sqlite3_stmt *insert;
    must(sqlite3_prepare_v2(file, "INSERT INTO inbox VALUES (?, ?) ON CONFLICT DO NOTHING", -1, &insert, 0) == SQLITE_OK, "prepare");
    void *router = zmq_socket(context, ZMQ_ROUTER);
    must(zmq_bind(router, "inproc://bus") == 0, "bind");
    char route[256], payload[BYTES];
    long id = 0;
    int route_bytes = 0;
    while (id < total) {
        zmq_pollitem_t item = {router, 0, ZMQ_POLLIN, 0};
        zmq_poll(&item, 1, 1000);
        double until = now() + 0.005;
        int taken = 0;
        sqlite3_exec(file, "BEGIN IMMEDIATE", 0, 0, 0);
        while (taken < WINDOW && now() < until) {
            int bytes = zmq_recv(router, route, sizeof route, ZMQ_DONTWAIT);
            if (bytes < 0) break;
            route_bytes = bytes;
            zmq_recv(router, &id, sizeof id, 0);
            bytes = zmq_recv(router, payload, sizeof payload, 0);
            sqlite3_bind_int64(insert, 1, id);
            sqlite3_bind_blob(insert, 2, payload, bytes, SQLITE_STATIC);
            must(sqlite3_step(insert) == SQLITE_DONE, "insert");
            sqlite3_reset(insert);
            taken++;
        }
        must(sqlite3_exec(file, "COMMIT", 0, 0, 0) == SQLITE_OK, "commit");
        if (taken) {
            zmq_send(router, route, route_bytes, ZMQ_SNDMORE);
            zmq_send(router, &id, sizeof id, 0);
        }
    }
    sqlite3_finalize(insert);
    sqlite3_close(file);
    return router;
}

int main(int argc, char **argv) {
    must(argc == 3, "usage: bare_bus FOLDER COUNT");
    folder = argv[1];
    total = atol(argv[2]);
    context = zmq_ctx_new();
    sqlite3 *file = open_file("outbox.sqlite", "CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB NOT NULL, acked INTEGER)");
    sqlite3_stmt *insert, *read, *mark;
    sqlite3_prepare_v2(file, "INSERT INTO outbox (payload) VALUES (?)", -1, &insert, 0);
    sqlite3_prepare_v2(file, "SELECT seq, payload FROM outbox WHERE seq > ? ORDER BY seq LIMIT 64", -1, &read, 0);
    sqlite3_prepare_v2(file, "UPDATE outbox SET acked = 1 WHERE seq <= ? AND acked IS NULL", -1, &mark, 0);
    char payload[BYTES];
    memset(payload, 'x', sizeof payload);
    double began = now();
    for (long done = 0; done < total;) {
        sqlite3_exec(file, "BEGIN IMMEDIATE", 0, 0, 0);
        for (int i = 0; i < 64 && done < total; i++, done++) {
            sqlite3_bind_blob(insert, 1, payload, sizeof payload, SQLITE_STATIC);
            must(sqlite3_step(insert) == SQLITE_DONE, "outbox");
            sqlite3_reset(insert);
        }
        must(sqlite3_exec(file, "COMMIT", 0, 0, 0) == SQLITE_OK, "outbox commit");
    }
    double outbox_s = now() - began;
    pthread_t thread;
    pthread_create(&thread, 0, receive, 0);
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    must(zmq_connect(dealer, "inproc://bus") == 0, "connect");
    began = now();
    long sent = 0, acked = 0;
    while (acked < total) {
        while (sent < total && sent - acked < WINDOW) {
            sqlite3_bind_int64(read, 1, sent);
            while (sqlite3_step(read) == SQLITE_ROW && sent - acked < WINDOW) {
                sent = sqlite3_column_int64(read, 0);
                zmq_send(dealer, &sent, sizeof sent, ZMQ_SNDMORE);
                zmq_send(dealer, sqlite3_column_blob(read, 1), sqlite3_column_bytes(read, 1), 0);
            }
            sqlite3_reset(read);
        }
        must(zmq_recv(dealer, &acked, sizeof acked, 0) == sizeof acked, "acknowledgement");
        sqlite3_bind_int64(mark, 1, acked);
        must(sqlite3_step(mark) == SQLITE_DONE, "mark");
        sqlite3_reset(mark);
    }
    double drain_s = now() - began;
    void *router;
    pthread_join(thread, &router);
    printf("{\"outbox_per_second\":%.1f,\"stored_per_second\":%.1f}\n", total / outbox_s, total / drain_s);
    zmq_close(dealer);
    zmq_close(router);
    sqlite3_finalize(insert);
    sqlite3_finalize(read);
    sqlite3_finalize(mark);
    sqlite3_close(file);
    return 0;
}
