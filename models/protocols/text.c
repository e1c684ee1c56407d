#include "lazaret/protocol/text.h"

#define DIGITS_MAX 20u                  /* of 2^64 */

void lz_write_text(LzWriter *writer, const char *text)
{
    lz_write_bytes(writer, lz_bytes_of_text(text));
}

void lz_write_decimal(LzWriter *writer, uint64_t value, unsigned digits_min)
{
    uint8_t digits[DIGITS_MAX];
    unsigned count = 0;
    while ((value > 0 || count < digits_min || count == 0) && count < DIGITS_MAX) {
        digits[DIGITS_MAX - ++count] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
    lz_write_bytes(writer, (LzBytes){digits + DIGITS_MAX - count, count});
}

void lz_write_filler(LzWriter *writer, size_t size, const char *pattern)
{
    const LzBytes piece = lz_bytes_of_text(pattern);
    if (writer->failed || writer->capacity - writer->size < size) {
        writer->failed = true;
        return;
    }
    uint8_t *bytes = writer->data ? writer->data + writer->size : NULL;
    size_t done = size < piece.size ? size : piece.size;
    if (bytes && done > 0) {
        memcpy(bytes, piece.data, done);
    }
    while (bytes && done > 0 && done < size) {          /* whole patterns, doubling */
        const size_t more = size - done < done ? size - done : done;
        memcpy(bytes + done, bytes, more);
        done += more;
    }
    writer->size += size;
}

bool lz_read_decimal(LzBytes text, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        const unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9 || value > (max - (digit <= max ? digit : max)) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (text.size == 0 || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

bool lz_text_equal(LzBytes bytes, const char *text)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (text[i] == 0 || lower(bytes.data[i]) != lower((uint8_t)text[i])) {
            return false;
        }
    }
    return text[bytes.size] == 0;
}

size_t lz_text_find(LzBytes bytes, const char *text)
{
    const LzBytes wanted = lz_bytes_of_text(text);
    for (size_t i = 0; i + wanted.size <= bytes.size; i++) {
        if (memcmp(bytes.data + i, wanted.data, wanted.size) == 0) {
            return i;
        }
    }
    return bytes.size;
}

/* ---- marks ---- */

#define MARK_WORD "LZM1"

void lz_write_text_mark(LzWriter *writer, LzMessageId message)
{
    uint8_t digits[16];
    for (unsigned i = 0; i < sizeof digits; i++) {
        digits[i] = (uint8_t)"0123456789ABCDEF"[message >> (60 - 4 * i) & 15];
    }
    lz_write_text(writer, MARK_WORD);
    lz_write_bytes(writer, (LzBytes){digits, sizeof digits});
}

LzMessageId lz_read_text_mark(LzBytes text)
{
    if (text.size < LZ_TEXT_MARK_BYTES || memcmp(text.data, MARK_WORD, 4) != 0) {
        return 0;
    }
    LzMessageId message = 0;
    for (unsigned i = 4; i < LZ_TEXT_MARK_BYTES; i++) {
        const uint8_t digit = text.data[i];
        if (digit >= '0' && digit <= '9') {
            message = message << 4 | (uint64_t)(digit - '0');
        } else if (digit >= 'A' && digit <= 'F') {
            message = message << 4 | (uint64_t)(digit - 'A' + 10);
        } else {
            return 0;
        }
    }
    return message;
}

LzMessageId lz_find_text_mark(LzBytes text)
{
    const size_t at = lz_text_find(text, MARK_WORD);
    return at < text.size ? lz_read_text_mark((LzBytes){text.data + at, text.size - at}) : 0;
}

/* ---- dates ---- */

#define DAY_MS UINT64_C(86400000)

/* Days since 1970 to a date: the year is counted from March, so that the leap day is its last; an era is 400 years.
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
LzDate lz_date_of(LzTime wall_ns)
{
    const uint64_t wall_ms = (uint64_t)(wall_ns > 0 ? wall_ns : 0) / 1000000, of_day = wall_ms % DAY_MS;
    const unsigned days = (unsigned)(wall_ms / DAY_MS) + 719468;
    const unsigned era = days / 146097, of_era = days % 146097;
    const unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    const unsigned month = (5 * of_year + 2) / 153;
    return (LzDate){
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
        .hour = (unsigned)(of_day / 3600000),
        .minute = (unsigned)(of_day / 60000 % 60),
        .second = (unsigned)(of_day / 1000 % 60),
        .millisecond = (unsigned)(of_day % 1000),
    };
}

void lz_write_date(LzWriter *writer, LzTime wall_ns, bool is_extended)
{
    const LzDate date = lz_date_of(wall_ns);
    const unsigned parts[] = {date.year, date.month, date.day, date.hour, date.minute, date.second};
    static const char *const before[] = {"", "-", "-", "T", ":", ":"};
    for (unsigned i = 0; i < 6; i++) {
        lz_write_text(writer, is_extended ? before[i] : "");
        lz_write_decimal(writer, parts[i], i == 0 ? 4 : 2);
    }
    lz_write_text(writer, ".");
    lz_write_decimal(writer, date.millisecond, 3);
    lz_write_text(writer, is_extended ? "Z" : "+0000");
}
