/* Events as JSON straight from an Arrow batch whose columns are all text: what the machine can do without any rule.
 *
 * Customer information is trimmed, put in ASCII lower case and hashed. The columns come in the order of `COLUMNS` in
 * `benchmarks/whole_floor.py`. Build: cc -O3 -march=native -shared -fPIC kernel.c -lcrypto
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct ArrowArray { /* Arrow C data interface */
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

enum { HASHED = 11, PLAIN = 4 };
enum { ORDER_ID = 0, EVENT_TIME, URL, TOTAL, CURRENCY, CONTENTS, TIER, FIRST_HASHED, FIRST_PLAIN = FIRST_HASHED + HASHED };
static const char *const hashed_names[HASHED] = {"em", "ph", "ge", "db", "ln", "fn", "ct", "st", "zp", "country", "external_id"};
static const char *const plain_names[PLAIN] = {"client_ip_address", "client_user_agent", "fbc", "fbp"};
static const char digits[] = "0123456789abcdef";

struct text { const uint8_t *at; int64_t bytes; };

static int found(const struct ArrowArray *column, int64_t row, struct text *text) {
  const uint8_t *valid = column->buffers[0];
  const int32_t *ends = column->buffers[1];
  row += column->offset;
  if (valid && !(valid[row >> 3] >> (row & 7) & 1)) return 0;
  text->at = (const uint8_t *)column->buffers[2] + ends[row];
  text->bytes = ends[row + 1] - ends[row];
  return 1;
}

static char *put(char *out, const void *bytes, size_t count) { memcpy(out, bytes, count); return out + count; }
static char *say(char *out, const char *text) { return put(out, text, strlen(text)); }

static char *escaped(char *out, struct text text) {
  for (int64_t i = 0; i < text.bytes; i++) {
    uint8_t c = text.at[i];
    if (c < 0x20) out += sprintf(out, "\\u%04x", c);
    else { if (c == '"' || c == '\\') *out++ = '\\'; *out++ = (char)c; }
  }
  return out;
}

static char *hex(char *out, const uint8_t *text, size_t bytes, int letters) {
  uint8_t sum[SHA256_DIGEST_LENGTH];
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, text, bytes);
  SHA256_Final(sum, &state);
  for (int i = 0; i < letters / 2; i++) { *out++ = digits[sum[i] >> 4]; *out++ = digits[sum[i] & 15]; }
  return out;
}

static char *person(char *out, const char *name, struct text text) {
  uint8_t lower[1024];
  while (text.bytes && *text.at == ' ') { text.at++; text.bytes--; }
  while (text.bytes && text.at[text.bytes - 1] == ' ') text.bytes--;
  if (!text.bytes || text.bytes > (int64_t)sizeof lower) return out;
  for (int64_t i = 0; i < text.bytes; i++) lower[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] | 32 : text.at[i];
  out = say(say(say(out, "\""), name), "\":[\"");
  return say(hex(out, lower, (size_t)text.bytes, 64), "\"],");
}

static char *event(char *out, struct ArrowArray **columns, int64_t row) {
  struct text text = {0, 0};
  char key[128];
  out = say(out, "{\"event_name\":\"Purchase\",\"event_time\":");
  if (found(columns[EVENT_TIME], row, &text)) out = put(out, text.at, (size_t)text.bytes);
  out = say(out, ",\"action_source\":\"website\",\"event_id\":\"");
  found(columns[ORDER_ID], row, &text);
  struct text order = text;
  int bytes = snprintf(key, sizeof key, "6:orders,0:,%d:%.*s,", (int)text.bytes, (int)text.bytes, (const char *)text.at);
  out = hex(out, (const uint8_t *)key, (size_t)bytes, 32);
  if (found(columns[URL], row, &text)) out = escaped(say(out, "\",\"event_source_url\":\""), text);
  out = say(out, "\",\"user_data\":{");
  for (int i = 0; i < HASHED; i++)
    if (found(columns[FIRST_HASHED + i], row, &text)) out = person(out, hashed_names[i], text);
  for (int i = 0; i < PLAIN; i++)
    if (found(columns[FIRST_PLAIN + i], row, &text))
      out = say(escaped(say(say(say(out, "\""), plain_names[i]), "\":\""), text), "\",");
  if (out[-1] == ',') out--;
  out = say(out, "},\"custom_data\":{");
  if (found(columns[TOTAL], row, &text)) out = say(put(say(out, "\"value\":"), text.at, (size_t)text.bytes), ",");
  if (found(columns[CURRENCY], row, &text)) out = say(escaped(say(out, "\"currency\":\""), text), "\",");
  out = escaped(say(out, "\"order_id\":\"order_"), order);
  if (found(columns[CONTENTS], row, &text)) out = put(say(out, "\",\"contents\":"), text.at, (size_t)text.bytes);
  if (found(columns[TIER], row, &text)) out = say(escaped(say(out, ",\"loyalty_tier\":\""), text), "\"");
  return say(out, "}}");
}

/* Write the body of a request with the rows from `first` up to `end` to `out`, which has room; return its bytes. */
int64_t body(const struct ArrowArray *batch, int64_t first, int64_t end, char *out) {
  char *begin = out;
  out = say(out, "{\"data\":[");
  for (int64_t row = first; row < end; row++) {
    if (row > first) *out++ = ',';
    out = event(out, batch->children, row + batch->offset);
  }
  return say(out, "]}") - begin;
}
