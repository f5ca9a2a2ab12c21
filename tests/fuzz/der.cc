// SPDX-License-Identifier: Apache-2.0
// DER: the first byte says as what the rest is read (c, p, r, e: certificate, PKCS#8, RSA, EC), so
// that mutations reach what base64 would hide.
#include "x509/der.h"

#include <string>
#include <string_view>

#include "fuzz/promise.h"
#include "fuzz/read_material.h"
#include "x509/pem.h"

using namespace install_cert;

namespace {

void read_elements(std::string_view bytes) {
    using x509::der::Tag;
    x509::der::Reader reader(bytes);
    std::size_t total = 0;
    while (!reader.at_end()) {
        std::size_t before = total;
        for (const auto tag : {Tag::integer, Tag::octet_string, Tag::sequence, Tag::object_id}) {
            if (const auto content = reader.next(tag)) {
                total += content->size() + 2;
                break;
            }
        }
        if (total == before) {
            return;
        }
        fuzz::promise(total <= bytes.size(), "an element lies within its bytes");
    }
}

}  // namespace

FUZZ_TARGET(input) {
    if (input.empty()) {
        return;
    }
    const std::string_view der = input.substr(1);
    read_elements(der);
    switch (input[0]) {
        case 'c':
            fuzz::promise_certificate(
                x509::Certificate::from_pem(x509::pem::to_pem("CERTIFICATE", der)));
            break;
        case 'p':
            fuzz::promise_key(x509::PrivateKey::from_pem(x509::pem::to_pem("PRIVATE KEY", der)));
            break;
        case 'r':
            fuzz::promise_key(
                x509::PrivateKey::from_pem(x509::pem::to_pem("RSA PRIVATE KEY", der)));
            break;
        case 'e':
            fuzz::promise_key(x509::PrivateKey::from_pem(x509::pem::to_pem("EC PRIVATE KEY", der)));
            break;
        default:
            break;
    }
}
