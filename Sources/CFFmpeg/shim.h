// FFmpeg as the Media module sees it: the headers, and only what Swift cannot import or must not do itself
// (function-like macros, the interrupt callback that libavformat polls on a blocked thread, the log callback).
#pragma once
#include <malloc.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

// `timeout` of the rtsp demuxer meant something else before FFmpeg 5.0.
#if LIBAVFORMAT_VERSION_MAJOR < 59
#error "FFmpeg 5.0 or newer is needed"
#endif

static const int cff_AVERROR_EOF = AVERROR_EOF;
static const int cff_AVERROR_EXIT = AVERROR_EXIT;
static const int cff_AVERROR_INVALIDDATA = AVERROR_INVALIDDATA;
static const int cff_AVERROR_OPTION_NOT_FOUND = AVERROR_OPTION_NOT_FOUND;
static const int cff_AVERROR_PROTOCOL_NOT_FOUND = AVERROR_PROTOCOL_NOT_FOUND;
static const int cff_AVERROR_DEMUXER_NOT_FOUND = AVERROR_DEMUXER_NOT_FOUND;
static const int cff_AVERROR_DECODER_NOT_FOUND = AVERROR_DECODER_NOT_FOUND;
static const int cff_AVERROR_PATCHWELCOME = AVERROR_PATCHWELCOME;
static const int cff_AVERROR_HTTP_BAD_REQUEST = AVERROR_HTTP_BAD_REQUEST;
static const int cff_AVERROR_HTTP_UNAUTHORIZED = AVERROR_HTTP_UNAUTHORIZED;
static const int cff_AVERROR_HTTP_FORBIDDEN = AVERROR_HTTP_FORBIDDEN;
static const int cff_AVERROR_HTTP_NOT_FOUND = AVERROR_HTTP_NOT_FOUND;
static const int cff_AVERROR_HTTP_OTHER_4XX = AVERROR_HTTP_OTHER_4XX;
static const int cff_AVERROR_HTTP_SERVER_ERROR = AVERROR_HTTP_SERVER_ERROR;
static const int64_t cff_NO_TIMESTAMP = AV_NOPTS_VALUE;

// What ends a blocked libavformat call. Written by any thread, read by the blocked one every 100 ms (libavformat's POLLING_TIME).
struct cff_interrupt {
    int64_t deadline_ns;  // CLOCK_MONOTONIC; 0 = none
    int64_t closing_ns;   // not 0 while the source is being closed: its own deadline, which a stop does not shorten
    int32_t stopped;
    // While a camera is being opened, its URL must stay `url`: libavformat follows a redirect to any host and offers it the
    // password. Only the opening thread touches these.
    AVFormatContext *watched;
    const char *url;
    int32_t redirected;
};

static inline int64_t cff_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void cff_interrupt_set_deadline(struct cff_interrupt *i, int64_t ns) {
    __atomic_store_n(&i->deadline_ns, ns, __ATOMIC_RELEASE);
}
static inline void cff_interrupt_set_closing(struct cff_interrupt *i, int64_t ns) {
    __atomic_store_n(&i->closing_ns, ns, __ATOMIC_RELEASE);
}
static inline void cff_interrupt_stop(struct cff_interrupt *i) { __atomic_store_n(&i->stopped, 1, __ATOMIC_RELEASE); }
static inline int cff_interrupt_is_stopped(struct cff_interrupt *i) { return __atomic_load_n(&i->stopped, __ATOMIC_ACQUIRE); }
static inline int cff_interrupt_is_late(struct cff_interrupt *i) {
    int64_t deadline = __atomic_load_n(&i->deadline_ns, __ATOMIC_ACQUIRE);
    return deadline != 0 && cff_now_ns() >= deadline;
}

static inline int cff_interrupted(void *opaque) {
    struct cff_interrupt *i = (struct cff_interrupt *)opaque;
    int64_t closing = __atomic_load_n(&i->closing_ns, __ATOMIC_ACQUIRE);
    if (closing != 0) return cff_now_ns() >= closing;
    if (i->watched != NULL && i->watched->url != NULL && strcmp(i->watched->url, i->url) != 0) i->redirected = 1;
    if (i->redirected) return 1;
    return cff_interrupt_is_stopped(i) || cff_interrupt_is_late(i);
}

// Opens under the interrupt, which must be in place before: a context that gets it afterwards blocks for ever inside open.
// `context` and `options` are as for avformat_open_input, which frees the context on failure.
static inline int cff_open_input(
    AVFormatContext **context, const char *url, const AVInputFormat *format, AVDictionary **options, struct cff_interrupt *i) {
    (*context)->interrupt_callback.callback = cff_interrupted;
    (*context)->interrupt_callback.opaque = i;
    i->watched = *context;
    i->url = url;
    i->redirected = 0;
    int status = avformat_open_input(context, url, format, options);
    i->watched = NULL;
    i->url = NULL;
    return status;
}

// What a decoder only tells in its log, counted. An AVCodecContext of ours points at one with `opaque`.
struct cff_complaints {
    int64_t errors;  // error lines: HEVC and MJPEG report damage nowhere else
    int64_t gaps;    // H.264 pictures missing between two that came, which it reports at debug level only
};

// FFmpeg's own lines are never printed: they may hold URLs with passwords.
static inline void cff_log(void *source, int level, const char *format, va_list arguments) {
    (void)arguments;
    if ((level > AV_LOG_ERROR && level != AV_LOG_DEBUG) || source == NULL || format == NULL) return;
    if (*(const AVClass **)source != avcodec_get_class()) return;
    struct cff_complaints *complaints = (struct cff_complaints *)((AVCodecContext *)source)->opaque;
    if (complaints == NULL) return;
    if (level == AV_LOG_DEBUG) {
        if (strncmp(format, "Frame num gap", 13) == 0) complaints->gaps += 1;
        return;
    }
    // Camera makers put private data into APP segments; that is not damage.
    if (strstr(format, "APP fields") == NULL) complaints->errors += 1;
}

static inline void cff_take_over_log(void) {
    av_log_set_level(AV_LOG_ERROR);
    av_log_set_callback(cff_log);
}

// A reader thread per camera would otherwise spread over an arena per thread, each of which keeps what it once needed.
// Here because Swift's Glibc module leaves malloc.h out.
// Pictures and decoders' tables get maps of their own, which go back at once: glibc would raise this threshold to their size with the first
// one freed, and decoders that come and go with full rate would leave holes in both arenas.
// A fixed threshold also fixes the one for giving back, at 128 KB: coded pictures of 50 KB would take pages from the kernel and return them
// 500 times a second.
static inline void cff_limit_arenas(void) {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

// Gives back what lies free between blocks in use. 200 readers of libavformat leave 35 MB of it in the first minutes, because the
// sizes of pictures never repeat.
static inline void cff_return_free_memory(void) { malloc_trim(0); }
