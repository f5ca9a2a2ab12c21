// SPDX-License-Identifier: Apache-2.0
#include "x509/certificate_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <openssl/x509v3.h>

#include "foundation/text.h"

namespace install_cert::x509 {
namespace {

using GeneralNamesHandle = std::unique_ptr<GENERAL_NAMES, ReleaseWith<GENERAL_NAMES_free>>;

std::string_view view(const ASN1_STRING& text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&text)),
            static_cast<std::size_t>(ASN1_STRING_length(&text))};
}

bool is_plain_text(std::string_view text) {
    return is_utf8(text) && std::ranges::none_of(text, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7F;
           });
}

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// nullopt for a value that is no text, such as a bit string.
std::optional<std::string> utf8(const ASN1_STRING& value) {
    unsigned char* bytes = nullptr;
    const int size = ASN1_STRING_to_UTF8(&bytes, &value);
    if (size < 0) {
        return std::nullopt;
    }
    std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return text;
}

std::unexpected<Error> ambiguous(std::string_view what, std::string_view value) {
    return fail(Failure::rejected,
                "the certificate has " + std::string(what) +
                    " with characters that do not belong "
                    "there: '" +
                    printable(value, 100) + "'");
}

Result<> read_subject(const X509& certificate, HeldNames& held) {
    const X509_NAME* const subject = X509_get_subject_name(&certificate);
    bool has_common_name = false;
    for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
        const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(subject, i);
        const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        const auto text = utf8(*X509_NAME_ENTRY_get_data(entry));
        if (!text) {
            continue;
        }
        if (!is_plain_text(*text)) {
            return ambiguous("a subject", *text);
        }
        if (kind == NID_organizationName) {
            held.organization.push_back(*text);
        } else if (kind == NID_commonName && has_common_name) {
            held.other_names.push_back("a second common name '" + printable(*text, 100) + "'");
        } else if (kind == NID_commonName) {
            held.names.common_name = *text;
            has_common_name = true;
        }
    }
    return {};
}

Result<std::string> address(std::string_view bytes) {
    const int family = bytes.size() == sizeof(in_addr)    ? AF_INET
                       : bytes.size() == sizeof(in6_addr) ? AF_INET6
                                                          : AF_UNSPEC;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family == AF_UNSPEC ||
        inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) {
        return fail(Failure::rejected, "the certificate has an address that is none");
    }
    return text.data();
}

std::string other_name(const GENERAL_NAME& name) {
    switch (name.type) {
        case GEN_DIRNAME:
            return "a directory name";
        case GEN_RID:
            return "a registered ID";
        case GEN_OTHERNAME: {
            std::array<char, 80> oid{};
            (void)OBJ_obj2txt(
                oid.data(), static_cast<int>(oid.size()), name.d.otherName->type_id, 1);
            return std::string("otherName ") + oid.data();
        }
        default:
            return "an alternative name of an unusual kind";
    }
}

Result<> read_alternative_name(const GENERAL_NAME& name, HeldNames& held) {
    std::vector<std::string>* list = nullptr;
    switch (name.type) {
        case GEN_DNS:
            list = &held.names.dns;
            break;
        case GEN_URI:
            list = &held.names.uri;
            break;
        case GEN_EMAIL:
            list = &held.names.email;
            break;
        case GEN_IPADD: {
            auto text = address(view(*name.d.iPAddress));
            if (!text) {
                return std::unexpected(std::move(text.error()));
            }
            held.names.ip.push_back(std::move(*text));
            return {};
        }
        default:
            held.other_names.push_back(other_name(name));
            return {};
    }
    const std::string_view text = view(*name.d.ia5);
    if (!is_printable_ascii(text)) {
        return ambiguous("an alternative name", text);
    }
    list->emplace_back(text);
    return {};
}

Result<> read_alternative_names(const X509& certificate, HeldNames& held) {
    int how = 0;
    const GeneralNamesHandle all{static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&certificate, NID_subject_alt_name, &how, nullptr))};
    if (!all) {
        constexpr int absent = -1;
        return how == absent
                   ? Result<>{}
                   : fail(Failure::rejected, "the certificate's alternative names are malformed");
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
        if (auto done = read_alternative_name(*sk_GENERAL_NAME_value(all.get(), i), held); !done) {
            return done;
        }
    }
    return {};
}

}  // namespace

Result<HeldNames> read_names(const X509& certificate) {
    HeldNames held;
    if (const auto done = read_subject(certificate, held); !done) {
        return std::unexpected(done.error());
    }
    if (const auto done = read_alternative_names(certificate, held); !done) {
        return std::unexpected(done.error());
    }
    held.names = in_normal_form(std::move(held.names));
    return held;
}

}  // namespace install_cert::x509
