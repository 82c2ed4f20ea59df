// Bare libavcodec over the pictures of one file or camera: the limit that a reader of the same pictures can approach and not pass.
// tools/benches/measure.py compiles it with gcc and pkg-config, and talks to it over standard input and output.
//
//   bare_decode version                        prints FFmpeg's version
//   bare_decode SOURCE LOAD_SECONDS CPU_SECONDS
//       Reads SOURCE (a file, or rtsp:// for LOAD_SECONDS) into memory and prints one line of JSON about it. Then takes words from
//       standard input, one a line, decodes from memory until CPU_SECONDS of CPU time are used, and prints one line of JSON for each:
//         key    key pictures alone: one thread, no loop filter, nothing kept from one to the next, as looks are decoded
//         full   every picture in order: one thread, with the loop filter, as at full rate
//
// CPU time is user + system of this process from /proc/self/stat (10 ms steps); the wait for a camera is CLOCK_MONOTONIC. The first
// round warms caches and is not counted. Reading, demuxing and looking at the pictures are not part of it.
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Ten minutes of a busy camera; what comes after it is not needed.
enum { MAX_PICTURES = 15000 };
// How many pictures pass between two looks at the clock: 250 of the smallest cost 50 ms, a read of /proc 20 µs.
enum { PICTURES_BETWEEN_CLOCKS = 250 };

static AVPacket *pictures[MAX_PICTURES];
static int picture_count, key_count;
static double deadline_seconds;

static void fail(const char *what, int status) {
    char words[AV_ERROR_MAX_STRING_SIZE] = "";
    if (status < 0) av_strerror(status, words, sizeof words);
    fprintf(stderr, "bare_decode: %s%s%s\n", what, status < 0 ? ": " : "", words);
    exit(70);
}

static double monotonic_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// User + system time of this process, all threads.
static double cpu_seconds(void) {
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "r");
    if (file == NULL || fgets(text, sizeof text, file) == NULL) fail("/proc/self/stat cannot be read", 0);
    fclose(file);
    unsigned long user = 0, system = 0;
    // Fields 14 and 15 of proc(5); the name in field 2 may hold blanks.
    const char *rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &system) != 2)
        fail("/proc/self/stat has another shape than proc(5) says", 0);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int is_late(void *nothing) {
    (void)nothing;
    return monotonic_seconds() > deadline_seconds;
}

static AVFormatContext *open_source(const char *source, int is_camera, AVStream **video) {
    AVFormatContext *context = avformat_alloc_context();
    if (context == NULL) fail("out of memory", 0);
    context->interrupt_callback.callback = is_late;
    AVDictionary *options = NULL;
    if (is_camera) {
        av_dict_set(&options, "rtsp_transport", "tcp", 0);
        av_dict_set(&options, "allowed_media_types", "video", 0);
    }
    int status = avformat_open_input(&context, source, NULL, &options);
    av_dict_free(&options);
    if (status < 0) fail("the source cannot be opened", status);
    // A camera's description names the codec; its key pictures bring the rest.
    if (!is_camera && (status = avformat_find_stream_info(context, NULL)) < 0) fail("the file cannot be read", status);
    int index = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (index < 0) fail("there is no video in the source", index);
    for (unsigned i = 0; i < context->nb_streams; i++)
        if ((int)i != index) context->streams[i]->discard = AVDISCARD_ALL;
    *video = context->streams[index];
    return context;
}

// Keeps every picture from the first key picture on.
static void load(AVFormatContext *context, AVStream *video, int is_camera, double load_seconds) {
    const AVCodecDescriptor *described = avcodec_descriptor_get(video->codecpar->codec_id);
    int all_are_keys = described != NULL && (described->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
    double end = monotonic_seconds() + load_seconds;
    AVPacket *packet = av_packet_alloc();
    while (packet != NULL && picture_count < MAX_PICTURES && !(is_camera && monotonic_seconds() > end)) {
        if (av_read_frame(context, packet) < 0) break;
        int is_key = all_are_keys || (packet->flags & AV_PKT_FLAG_KEY) != 0;
        if (packet->stream_index == video->index && (is_key || picture_count > 0)) {
            if ((pictures[picture_count] = av_packet_clone(packet)) == NULL) fail("out of memory", 0);
            if (is_key) pictures[picture_count]->flags |= AV_PKT_FLAG_KEY;
            picture_count += 1;
            key_count += is_key;
        }
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    if (key_count == 0) fail("no key picture came", 0);
}

static AVCodecContext *open_decoder(const AVStream *video, int is_key_mode) {
    const AVCodec *codec = avcodec_find_decoder(video->codecpar->codec_id);
    AVCodecContext *decoder = codec == NULL ? NULL : avcodec_alloc_context3(codec);
    if (decoder == NULL || avcodec_parameters_to_context(decoder, video->codecpar) < 0) fail("there is no decoder for this video", 0);
    decoder->thread_count = 1;
    if (is_key_mode) decoder->skip_loop_filter = AVDISCARD_ALL;
    int status = avcodec_open2(decoder, codec, NULL);
    if (status < 0) fail("the decoder does not start", status);
    return decoder;
}

static int receive(AVCodecContext *decoder, AVFrame *frame) {
    int count = 0;
    while (avcodec_receive_frame(decoder, frame) >= 0) {
        av_frame_unref(frame);
        count += 1;
    }
    return count;
}

// One picture alone; a stream with reordering gives it out only when told that no more will come.
static int decode_key(AVCodecContext *decoder, AVFrame *frame, const AVPacket *picture) {
    avcodec_send_packet(decoder, picture);
    int count = receive(decoder, frame);
    if (count == 0) {
        avcodec_send_packet(decoder, NULL);
        count = receive(decoder, frame);
    }
    avcodec_flush_buffers(decoder);
    return count;
}

static void run(const AVStream *video, const char *mode, double least_cpu_seconds) {
    int is_key_mode = strcmp(mode, "key") == 0;
    AVCodecContext *decoder = open_decoder(video, is_key_mode);
    AVFrame *frame = av_frame_alloc();
    if (frame == NULL) fail("out of memory", 0);
    double began = 0, used = 0;
    long sent = 0, decoded = 0, since_clock = 0;
    for (int round = 0; round == 0 || used < least_cpu_seconds; round++) {
        if (round == 1) {
            sent = decoded = 0;
            began = cpu_seconds();
        }
        for (int i = 0; i < picture_count; i++) {
            if (is_key_mode && (pictures[i]->flags & AV_PKT_FLAG_KEY) == 0) continue;
            if (is_key_mode) {
                decoded += decode_key(decoder, frame, pictures[i]);
            } else {
                avcodec_send_packet(decoder, pictures[i]);
                decoded += receive(decoder, frame);
            }
            sent += 1;
            since_clock += 1;
        }
        if (!is_key_mode) {
            avcodec_send_packet(decoder, NULL);
            decoded += receive(decoder, frame);
            avcodec_flush_buffers(decoder);
        }
        if (round > 0 && since_clock >= PICTURES_BETWEEN_CLOCKS) {
            used = cpu_seconds() - began;
            since_clock = 0;
        }
    }
    printf("{\"mode\": \"%s\", \"pictures\": %ld, \"decoded\": %ld, \"cpu_s\": %.2f, ", mode, sent, decoded, used);
    printf("\"cpu_us_per_picture\": %.1f, \"width\": %d, \"height\": %d}\n", used * 1e6 / (double)sent, decoder->width, decoder->height);
    fflush(stdout);
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "version") == 0) {
        printf("%s\n", av_version_info());
        return 0;
    }
    if (count != 4) {
        fprintf(stderr, "usage: bare_decode version | bare_decode SOURCE LOAD_SECONDS CPU_SECONDS\n");
        return 64;
    }
    av_log_set_level(AV_LOG_QUIET);
    int is_camera = strncmp(arguments[1], "rtsp://", 7) == 0;
    double load_seconds = atof(arguments[2]);
    // Opening may take 10 s; whoever sends nothing at all is given up.
    deadline_seconds = monotonic_seconds() + load_seconds + 30;
    AVStream *video;
    AVFormatContext *context = open_source(arguments[1], is_camera, &video);
    load(context, video, is_camera, load_seconds);
    double rate = is_camera ? 0 : av_q2d(video->avg_frame_rate);
    printf("{\"codec\": \"%s\", \"pictures\": %d, \"key_pictures\": %d, \"fps\": %.2f}\n",
        avcodec_get_name(video->codecpar->codec_id), picture_count, key_count, rate);
    fflush(stdout);
    char mode[16];
    while (scanf("%15s", mode) == 1) {
        if (strcmp(mode, "key") != 0 && strcmp(mode, "full") != 0) fail("the words are key and full", 0);
        run(video, mode, atof(arguments[3]));
    }
    return 0;
}
