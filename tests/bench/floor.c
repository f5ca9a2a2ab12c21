// SPDX-License-Identifier: Apache-2.0
// The floor of the benchmarks: the least that a client can do to get N certificates. One TLS
// connection, HTTP/1.1 requests to `sign` pipelined on it, keys made while answers are on their
// way; certificate, CA and key cut out of the JSON by string search and written plainly. Nothing is
// verified, nothing synced, nothing can be read while it is replaced: what install-cert adds to
// this is what its operator pays for safety.
//
// usage: floor PORT CA_FILE TOKEN_FILE API_PATH DIRECTORY N
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kAnswerLimit = 64 << 10, kKeyLimit = 1024, kRequestLimit = 8192 };

struct client {
    SSL* tls;
    int socket;
    const char* api_path;
    const char* directory;
    char token[256];
    char (*keys)[kKeyLimit];
    int wanted, asked, written;
    char answer[kAnswerLimit];  // what has arrived and is not consumed yet
    size_t length;
};

static _Noreturn void die(const char* what) {
    (void)fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(1);
}

static void read_token(struct client* c, const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, c->token, sizeof c->token - 1);
    if (n <= 0) {
        die(path);
    }
    c->token[n] = '\0';
    c->token[strcspn(c->token, "\r\n")] = '\0';
    (void)close(fd);
}

static void connect_to(struct client* c, unsigned port, const char* ca_file) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_load_verify_locations(context, ca_file, NULL) != 1) {
        die(ca_file);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    c->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (c->socket < 0 || connect(c->socket, (struct sockaddr*)&address, sizeof address) != 0) {
        die("connect");
    }
    const int on = 1;
    (void)setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->tls = SSL_new(context);
    SSL_CTX_free(context);
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->tls), "127.0.0.1") != 1 ||
        SSL_set_fd(c->tls, c->socket) != 1 || SSL_connect(c->tls) != 1) {
        die("TLS");
    }
}

// A key, kept as PEM in `key`, and its CSR with the newlines escaped for JSON in `csr`.
static void make_request(const char* name, char* key, char* csr, size_t csr_size) {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509_REQ* request = X509_REQ_new();
    STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
    char names[160];
    (void)snprintf(names, sizeof names, "DNS:%s,IP:127.0.0.1", name);
    sk_X509_EXTENSION_push(extensions,
                           X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names));
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
                               (const unsigned char*)name, -1, -1, 0);
    X509_REQ_add_extensions(request, extensions);
    X509_REQ_set_pubkey(request, pair);
    BIO* out = BIO_new(BIO_s_mem());
    if (X509_REQ_sign(request, pair, EVP_sha256()) == 0 ||
        PEM_write_bio_PKCS8PrivateKey(out, pair, NULL, NULL, 0, NULL, NULL) != 1) {
        die("key");
    }
    key[BIO_read(out, key, kKeyLimit - 1)] = '\0';
    (void)BIO_reset(out);
    PEM_write_bio_X509_REQ(out, request);
    char* text = NULL;
    const long length = BIO_get_mem_data(out, &text);
    size_t at = 0;
    for (long i = 0; i < length && at + 3 < csr_size; ++i) {
        if (text[i] == '\n') {
            csr[at++] = '\\';
            csr[at++] = 'n';
        } else {
            csr[at++] = text[i];
        }
    }
    csr[at] = '\0';
    BIO_free(out);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
    EVP_PKEY_free(pair);
}

static void ask(struct client* c) {
    char name[64];
    char csr[4096];
    char body[5120];
    char request[kRequestLimit];
    (void)snprintf(name, sizeof name, "c%d.bench.example.com", c->asked);
    make_request(name, c->keys[c->asked], csr, sizeof csr);
    const int body_length = snprintf(
        body, sizeof body,
        "{\"common_name\":\"%s\",\"ip_sans\":\"127.0.0.1\",\"ttl\":\"720h\",\"csr\":\"%s\"}", name,
        csr);
    const int length =
        snprintf(request, sizeof request,
                 "POST /v1/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Vault-Token: %s\r\n"
                 "X-Vault-Request: true\r\nContent-Length: %d\r\n\r\n%s",
                 c->api_path, c->token, body_length, body);
    if (SSL_write(c->tls, request, length) != length) {
        die("send");
    }
    ++c->asked;
}

static void write_file(const struct client* c, const char* suffix, const char* text, mode_t mode) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/c%d%s.pem", c->directory, c->written, suffix);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    const size_t length = strlen(text);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length ||
        (text[length - 1] != '\n' && write(fd, "\n", 1) != 1) || close(fd) != 0) {
        die(path);
    }
}

static void write_member(const struct client* c, const char* body, const char* member,
                         const char* suffix) {
    const char* from = strstr(body, member);
    if (from == NULL) {
        errno = EPROTO;
        die(body);
    }
    char text[8192];
    size_t at = 0;
    for (from += strlen(member); *from != '"' && at + 1 < sizeof text; ++from) {
        if (from[0] == '\\' && from[1] == 'n') {
            text[at++] = '\n';
            ++from;
        } else {
            text[at++] = *from;
        }
    }
    text[at] = '\0';
    write_file(c, suffix, text, 0644);
}

// Undoes the chunked encoding of [text, end) into itself. 0: the last chunk has not come yet.
static size_t dechunk(char* text, const char* end, char** body_end) {
    char* to = text;
    const char* from = text;
    for (;;) {
        const char* line = memmem(from, (size_t)(end - from), "\r\n", 2);
        if (line == NULL) {
            return 0;
        }
        const unsigned long size = strtoul(from, NULL, 16);
        if (line + 2 + size + 2 > end) {
            return 0;
        }
        memmove(to, line + 2, size);
        to += size;
        from = line + 2 + size + 2;
        if (size == 0) {
            *body_end = to;
            return (size_t)(from - text);
        }
    }
}

// Takes one whole answer off the buffer and writes its three files; 0 when there is none.
static int take_answer(struct client* c) {
    char* end = c->answer + c->length;
    char* body = memmem(c->answer, c->length, "\r\n\r\n", 4);
    if (body == NULL) {
        return 0;
    }
    body += 4;
    static char copy[kAnswerLimit + 1];  // dechunking is in place and may find that more must come
    const char* length_header =
        memmem(c->answer, (size_t)(body - c->answer), "Content-Length: ", 16);
    size_t consumed;
    char* body_end;
    if (length_header != NULL) {
        consumed = strtoul(length_header + 16, NULL, 10);
        if (consumed > (size_t)(end - body)) {
            return 0;
        }
        memcpy(copy, body, consumed);
        body_end = copy + consumed;
    } else {
        memcpy(copy, body, (size_t)(end - body));
        consumed = dechunk(copy, copy + (end - body), &body_end);
        if (consumed == 0) {
            return 0;
        }
    }
    *body_end = '\0';
    if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0) {
        errno = EPROTO;
        die(copy);
    }
    write_member(c, copy, "\"issuing_ca\":\"", "-ca");
    write_member(c, copy, "\"certificate\":\"", "");
    write_file(c, "-key", c->keys[c->written], 0600);
    ++c->written;
    c->length = (size_t)(end - (body + consumed));
    memmove(c->answer, body + consumed, c->length);
    return 1;
}

static void receive(struct client* c) {
    const int n =
        SSL_read(c->tls, c->answer + c->length, (int)(sizeof c->answer - c->length));
    if (n <= 0) {
        if (SSL_get_error(c->tls, n) == SSL_ERROR_WANT_READ) {
            return;  // that was a session ticket
        }
        die("receive");
    }
    c->length += (size_t)n;
    while (take_answer(c) != 0) {
    }
}

static int something_arrived(const struct client* c) {
    struct pollfd socket = {.fd = c->socket, .events = POLLIN};
    return SSL_pending(c->tls) > 0 || poll(&socket, 1, 0) > 0;
}

int main(int argc, char** argv) {
    if (argc != 7) {
        (void)fprintf(stderr, "usage: floor PORT CA_FILE TOKEN_FILE API_PATH DIRECTORY N\n");
        return 64;
    }
    static struct client c;
    c.api_path = argv[4];
    c.directory = argv[5];
    c.wanted = atoi(argv[6]);
    c.keys = calloc((size_t)c.wanted, kKeyLimit);
    if (c.keys == NULL) {
        die("keys");
    }
    read_token(&c, argv[3]);
    connect_to(&c, (unsigned)atoi(argv[1]), argv[2]);
    while (c.asked < c.wanted) {
        ask(&c);
        while (c.written < c.asked && something_arrived(&c)) {
            receive(&c);
        }
    }
    while (c.written < c.wanted) {
        receive(&c);
    }
    (void)SSL_shutdown(c.tls);
    return 0;
}
