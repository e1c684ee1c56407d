#include "lazaret/protocol/http.h"

#include "lazaret/protocol/text.h"

/* ---- heads ---- */

/* RFC 9110 5.6.2 */
static bool is_token(LzBytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t byte = text.data[i];
        const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!is_letter && !(byte >= '0' && byte <= '9') && (byte == 0 || !strchr("!#$%&'*+-.^_`|~", byte))) {
            return false;
        }
    }
    return text.size > 0;
}

/* RFC 9110 5.5: visible characters, blanks and bytes of other alphabets. */
static bool is_value(LzBytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static LzBytes trim(LzBytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = (LzBytes){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* Takes off what stands before the first such byte, and the byte. False: there is none. */
static bool take_until(LzBytes *text, uint8_t byte, LzBytes *ret_before)
{
    const uint8_t *end = text->size > 0 ? memchr(text->data, byte, text->size) : NULL;
    if (!end) {
        return false;
    }
    *ret_before = (LzBytes){text->data, (size_t)(end - text->data)};
    *text = (LzBytes){end + 1, text->size - ret_before->size - 1};
    return true;
}

static bool take_line(LzBytes *text, LzBytes *ret_line)
{
    if (!take_until(text, '\n', ret_line) || ret_line->size == 0 || ret_line->data[ret_line->size - 1] != '\r') {
        return false;
    }
    ret_line->size--;
    return true;
}

/* A field without a name, with a blank before its colon, or continued on a second line is refused: RFC 9112 5.1, 5.2. */
static bool take_field(LzBytes *fields, LzBytes *ret_name, LzBytes *ret_value)
{
    LzBytes line;
    if (!take_line(fields, &line) || !take_until(&line, ':', ret_name)) {
        return false;
    }
    *ret_value = trim(line);
    return is_token(*ret_name) && is_value(*ret_value);
}

bool lz_http_field(const LzHttpHead *head, const char *name, LzBytes *ret_value)
{
    LzBytes fields = head->fields, found, value;
    while (take_field(&fields, &found, &value)) {
        if (lz_text_equal(found, name)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool read_version(LzBytes version, LzHttpHead *head)
{
    if (version.size != 8 || memcmp(version.data, "HTTP/1.", 7) != 0 || version.data[7] < '0' || version.data[7] > '1') {
        return false;
    }
    head->closes = version.data[7] == '0';
    return true;
}

static bool read_request_line(LzBytes line, LzHttpHead *head)
{
    if (!take_until(&line, ' ', &head->method) || !take_until(&line, ' ', &head->target)) {
        return false;
    }
    return is_token(head->method) && head->target.size > 0 && is_value(head->target) && read_version(line, head);
}

static bool read_status_line(LzBytes line, LzHttpHead *head)
{
    LzBytes version, status;
    uint64_t number;
    if (!take_until(&line, ' ', &version) || !read_version(version, head) || !take_until(&line, ' ', &status)) {
        return false;
    }
    if (status.size != 3 || !lz_read_decimal(status, 599, &number) || number < 100 || !is_value(line)) {
        return false;
    }
    head->status = (unsigned)number;
    return true;
}

/* The last word of a list decides what frames the body; we know no other coding than chunks. */
static bool read_field(LzHttpHead *head, LzBytes name, LzBytes value)
{
    if (lz_text_equal(name, "content-length")) {
        uint64_t length;
        if (!lz_read_decimal(value, LZ_HTTP_BODY_BYTES_MAX, &length) || head->framing == LZ_HTTP_CHUNKED ||
            (head->framing == LZ_HTTP_SIZED && head->body_bytes != length)) {
            return false;               /* RFC 9112 6.3: two lengths, or a length beside chunks */
        }
        head->framing = LZ_HTTP_SIZED;
        head->body_bytes = length;
    } else if (lz_text_equal(name, "transfer-encoding")) {
        if (!lz_text_equal(value, "chunked") || head->framing != LZ_HTTP_NO_BODY) {
            return false;
        }
        head->framing = LZ_HTTP_CHUNKED;
    } else if (lz_text_equal(name, "connection") && lz_text_equal(value, "close")) {
        head->closes = true;
    }
    return true;
}

static bool has_never_body(const LzHttpHead *head)
{
    return head->status / 100 == 1 || head->status == 204 || head->status == 304;
}

bool lz_http_decode_head(LzBytes bytes, LzHttpKind kind, LzHttpHead *ret_head)
{
    LzHttpHead head = {.kind = kind};
    LzBytes line, name, value;
    if (!take_line(&bytes, &line) ||
        !(kind == LZ_HTTP_REQUEST ? read_request_line(line, &head) : read_status_line(line, &head))) {
        return false;
    }
    head.fields = bytes;
    while (bytes.size > 2) {
        if (!take_field(&bytes, &name, &value) || !read_field(&head, name, value)) {
            return false;
        }
    }
    if (bytes.size != 2 || memcmp(bytes.data, "\r\n", 2) != 0) {
        return false;
    }
    head.fields.size -= 2;
    if (kind == LZ_HTTP_RESPONSE && has_never_body(&head)) {
        head.framing = LZ_HTTP_NO_BODY;
    } else if (kind == LZ_HTTP_RESPONSE && head.framing == LZ_HTTP_NO_BODY) {
        head.framing = LZ_HTTP_UNTIL_CLOSE;
        head.closes = true;
    }
    *ret_head = head;
    return true;
}

const char *lz_http_reason(unsigned status)
{
    static const struct { unsigned status; const char *reason; } reasons[] = {
        {200, "OK"},           {201, "Created"},     {202, "Accepted"},           {204, "No Content"},
        {400, "Bad Request"},  {401, "Unauthorized"}, {403, "Forbidden"},         {404, "Not Found"},
        {405, "Method Not Allowed"}, {408, "Request Timeout"}, {413, "Content Too Large"},
        {500, "Internal Server Error"}, {503, "Service Unavailable"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "";
}

/* ---- writing ---- */

void lz_http_write_field(LzWriter *writer, const char *name, LzBytes value)
{
    writer->failed |= !is_token(lz_bytes_of_text(name)) || !is_value(value);
    lz_write_text(writer, name);
    lz_write_text(writer, ": ");
    lz_write_bytes(writer, value);
    lz_write_text(writer, "\r\n");
}

void lz_http_write_number(LzWriter *writer, const char *name, uint64_t value)
{
    uint8_t digits[20];
    LzWriter number = lz_writer(digits, sizeof digits);
    lz_write_decimal(&number, value, 1);
    lz_http_write_field(writer, name, (LzBytes){digits, number.size});
}

/* A blank in the target would begin the version. */
void lz_http_write_request(LzWriter *writer, const char *method, LzBytes target, const char *host)
{
    writer->failed |= !is_token(lz_bytes_of_text(method)) || target.size == 0 || !is_value(target) ||
                      memchr(target.data, ' ', target.size);
    lz_write_text(writer, method);
    lz_write_text(writer, " ");
    lz_write_bytes(writer, target);
    lz_write_text(writer, " HTTP/1.1\r\n");
    lz_http_write_field(writer, "Host", lz_bytes_of_text(host));
}

void lz_http_write_status(LzWriter *writer, unsigned status)
{
    lz_write_text(writer, "HTTP/1.1 ");
    lz_write_decimal(writer, status, 3);
    lz_write_text(writer, " ");
    lz_write_text(writer, lz_http_reason(status));
    lz_write_text(writer, "\r\n");
}

void lz_http_write_date(LzWriter *writer, int64_t wall_ns)
{
    static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const LzDate date = lz_date_of(wall_ns);
    char text[64];
    g_snprintf(text, sizeof text, "%.3s, %02u %.3s %u %02u:%02u:%02u GMT",
               &days[wall_ns / LZ_SECONDS(86400) % 7 * 3], date.day, &months[(date.month - 1) * 3], date.year, date.hour,
               date.minute, date.second);
    lz_http_write_field(writer, "Date", lz_bytes_of_text(text));
}

void lz_http_write_end(LzWriter *writer)
{
    lz_write_text(writer, "\r\n");
}

void lz_http_write_chunk(LzWriter *writer, LzBytes data)
{
    uint8_t digits[16];
    unsigned count = 0;
    for (size_t left = data.size; left > 0 || count == 0; left /= 16) {
        digits[sizeof digits - ++count] = (uint8_t)"0123456789abcdef"[left % 16];
    }
    lz_write_bytes(writer, (LzBytes){digits + sizeof digits - count, count});
    lz_write_text(writer, "\r\n");
    lz_write_bytes(writer, data);
    lz_write_text(writer, "\r\n");
}

/* ---- streams ---- */

typedef enum {
    PHASE_HEAD, PHASE_BODY, PHASE_CHUNK_LINE, PHASE_CHUNK, PHASE_CHUNK_END, PHASE_TRAILER, PHASE_END, PHASE_BROKEN,
    PHASE_TOO_LARGE,
} Phase;

void lz_http_stream_init(LzHttpStream *stream, LzHttpKind kind, uint64_t body_bytes_max, size_t kept_bytes_max)
{
    *stream = (LzHttpStream){.kind = kind, .body_bytes_max = body_bytes_max, .kept_bytes_max = kept_bytes_max};
}

static void drop(GByteArray **array)
{
    if (*array) {
        g_byte_array_unref(*array);
        *array = NULL;
    }
}

void lz_http_stream_clear(LzHttpStream *stream)
{
    drop(&stream->head_bytes);
    drop(&stream->line);
    drop(&stream->body);
    lz_http_stream_init(stream, stream->kind, stream->body_bytes_max, stream->kept_bytes_max);
}

LzBytes lz_http_stream_body(const LzHttpStream *stream)
{
    return stream->body ? (LzBytes){stream->body->data, stream->body->len} : (LzBytes){0};
}

static LzHttpProgress fail(LzHttpStream *stream, LzHttpProgress progress)
{
    stream->phase = progress == LZ_HTTP_TOO_LARGE ? PHASE_TOO_LARGE : PHASE_BROKEN;
    return progress;
}

/* Collects bytes up to the end of a line: LZ_HTTP_END. */
static LzHttpProgress take_line_of(LzHttpStream *stream, GByteArray **lines, LzBytes *input)
{
    if (!*lines) {
        *lines = g_byte_array_new();
    }
    const uint8_t *end = input->size > 0 ? memchr(input->data, '\n', input->size) : NULL;
    const size_t taken = end ? (size_t)(end - input->data) + 1 : input->size;
    if ((*lines)->len + taken > LZ_HTTP_HEAD_BYTES_MAX) {
        return fail(stream, LZ_HTTP_TOO_LARGE);
    }
    g_byte_array_append(*lines, input->data, (guint)taken);
    *input = (LzBytes){input->data + taken, input->size - taken};
    return end ? LZ_HTTP_END : LZ_HTTP_MORE;
}

static bool ends_with_empty_line(const GByteArray *lines)
{
    return (lines->len == 2 && memcmp(lines->data, "\r\n", 2) == 0) ||
           (lines->len >= 4 && memcmp(lines->data + lines->len - 4, "\r\n\r\n", 4) == 0);
}

static LzHttpProgress begin_body(LzHttpStream *stream)
{
    const LzHttpHead *head = &stream->head;
    const bool has_body = !stream->expects_no_body && head->framing != LZ_HTTP_NO_BODY &&
                          (head->framing != LZ_HTTP_SIZED || head->body_bytes > 0);
    stream->expects_no_body = false;
    stream->body_bytes = 0;
    stream->left_bytes = head->framing == LZ_HTTP_UNTIL_CLOSE ? UINT64_MAX : head->body_bytes;
    stream->phase = !has_body ? PHASE_END : head->framing == LZ_HTTP_CHUNKED ? PHASE_CHUNK_LINE : PHASE_BODY;
    if (stream->body) {
        g_byte_array_set_size(stream->body, 0);
    }
    if (has_body && head->framing == LZ_HTTP_SIZED && head->body_bytes > stream->body_bytes_max) {
        return fail(stream, LZ_HTTP_TOO_LARGE);
    }
    return LZ_HTTP_HEAD;
}

static LzHttpProgress take_head(LzHttpStream *stream, LzBytes *input)
{
    while (input->size > 0) {
        const LzHttpProgress progress = take_line_of(stream, &stream->head_bytes, input);
        if (progress != LZ_HTTP_END) {
            return progress;
        }
        const GByteArray *lines = stream->head_bytes;
        if (!ends_with_empty_line(lines)) {
            continue;
        }
        if (!lz_http_decode_head((LzBytes){lines->data, lines->len}, stream->kind, &stream->head)) {
            return fail(stream, LZ_HTTP_BROKEN);
        }
        return begin_body(stream);
    }
    return LZ_HTTP_MORE;
}

/* Takes what there is of the sized body or of the chunk. */
static LzHttpProgress take_body(LzHttpStream *stream, LzBytes *input)
{
    const size_t taken = input->size < stream->left_bytes ? input->size : (size_t)stream->left_bytes;
    if (taken > stream->body_bytes_max - stream->body_bytes) {
        return fail(stream, LZ_HTTP_TOO_LARGE);
    }
    const size_t kept = stream->body ? stream->body->len : 0;
    const size_t room = stream->kept_bytes_max > kept ? stream->kept_bytes_max - kept : 0;
    if (room > 0 && taken > 0) {
        stream->body = stream->body ? stream->body : g_byte_array_new();
        g_byte_array_append(stream->body, input->data, (guint)(taken < room ? taken : room));
    }
    stream->body_bytes += taken;
    stream->left_bytes -= taken;
    *input = (LzBytes){input->data + taken, input->size - taken};
    if (stream->left_bytes == 0) {
        stream->phase = stream->phase == PHASE_CHUNK ? PHASE_CHUNK_END : PHASE_END;
    }
    return LZ_HTTP_MORE;
}

static bool read_chunk_line(LzBytes line, uint64_t *ret_size)
{
    static const char alphabet[] = "0123456789abcdefABCDEF";
    LzBytes digits = {line.data, line.size - 2}, rest = digits;
    take_until(&rest, ';', &digits);    /* RFC 9112 7.1.1: extensions are ignored */
    digits = trim(digits);
    uint64_t size = 0;
    for (size_t i = 0; i < digits.size; i++) {
        const char *digit = memchr(alphabet, digits.data[i], sizeof alphabet - 1);
        if (!digit || size > LZ_HTTP_BODY_BYTES_MAX) {
            return false;
        }
        const unsigned value = (unsigned)(digit - alphabet);
        size = size * 16 + (value > 15 ? value - 6 : value);
    }
    *ret_size = size;
    return digits.size > 0 && size <= LZ_HTTP_BODY_BYTES_MAX;
}

/* A line between chunks: the size of the next, the end of one, or fields behind the last. */
static LzHttpProgress take_chunk_line(LzHttpStream *stream, LzBytes *input)
{
    const LzHttpProgress progress = take_line_of(stream, &stream->line, input);
    if (progress != LZ_HTTP_END) {
        return progress;
    }
    const LzBytes line = {stream->line->data, stream->line->len};
    bool is_good = line.size >= 2 && line.data[line.size - 2] == '\r';
    if (stream->phase == PHASE_TRAILER && is_good && !ends_with_empty_line(stream->line)) {
        return LZ_HTTP_MORE;            /* the limit is that of all fields behind the last chunk */
    }
    if (stream->phase == PHASE_CHUNK_LINE && is_good) {
        is_good = read_chunk_line(line, &stream->left_bytes);
        stream->phase = stream->left_bytes > 0 ? PHASE_CHUNK : PHASE_TRAILER;
    } else if (stream->phase == PHASE_CHUNK_END) {
        is_good = line.size == 2 && is_good;
        stream->phase = PHASE_CHUNK_LINE;
    } else {
        stream->phase = PHASE_END;
    }
    g_byte_array_set_size(stream->line, 0);
    return is_good ? LZ_HTTP_MORE : fail(stream, LZ_HTTP_BROKEN);
}

LzHttpProgress lz_http_stream_next(LzHttpStream *stream, LzBytes *input)
{
    LzHttpProgress progress = LZ_HTTP_MORE;
    do {
        switch ((Phase)stream->phase) {
        case PHASE_HEAD:
            return take_head(stream, input);
        case PHASE_BODY:
        case PHASE_CHUNK:
            progress = take_body(stream, input);
            break;
        case PHASE_CHUNK_LINE:
        case PHASE_CHUNK_END:
        case PHASE_TRAILER:
            progress = take_chunk_line(stream, input);
            break;
        case PHASE_END:
            g_byte_array_set_size(stream->head_bytes, 0);
            stream->phase = PHASE_HEAD;
            return LZ_HTTP_END;
        case PHASE_BROKEN:
            return LZ_HTTP_BROKEN;
        case PHASE_TOO_LARGE:
            return LZ_HTTP_TOO_LARGE;
        }
    } while (progress == LZ_HTTP_MORE && (input->size > 0 || stream->phase == PHASE_END));
    return progress;
}

bool lz_http_stream_close(LzHttpStream *stream)
{
    const bool completes = stream->phase == PHASE_BODY && stream->head.framing == LZ_HTTP_UNTIL_CLOSE;
    if (completes) {
        g_byte_array_set_size(stream->head_bytes, 0);
        stream->phase = PHASE_HEAD;
    }
    return completes;
}
