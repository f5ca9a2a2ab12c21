// SPDX-License-Identifier: Apache-2.0
// Certificates and keys as plain texts, in place of lib/x509's: the linker takes these definitions
// and never opens the library's, so that the product's own turns run a thousand times faster.
//   CA NUMBER NOT_AFTER                        LEAF SERIAL CA KEY NOT_BEFORE NOT_AFTER NAME
// Who issued whom, whose key it is and until when are all that decisions look at.
#include <charconv>
#include <functional>
#include <unordered_map>

#include "foundation/text.h"
#include "x509/certificate.h"
#include "x509/chain.h"
#include "x509/digest.h"
#include "x509/request.h"

namespace install_cert::x509 {
namespace {

WallTime time_of(std::string_view text) {
    std::int64_t seconds = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), seconds);
    return WallTime{std::chrono::seconds{seconds}};
}

CertificateFacts authority(const std::vector<std::string>& words) {
    CertificateFacts facts;
    facts.subject = facts.issuer = "CN=ca-" + std::string(words[1]);
    facts.serial = words[1];
    facts.not_after = time_of(words[2]);
    facts.is_ca = true;
    facts.self_signed = true;
    facts.fingerprint = "ca-" + words[1] + "-" + words[2];  // one with another end is another one
    return facts;
}

CertificateFacts leaf(const std::vector<std::string>& words) {
    CertificateFacts facts;
    facts.serial = words[1];
    facts.issuer = "CN=ca-" + std::string(words[2]);
    facts.public_key_digest = words[3];
    facts.not_before = time_of(words[4]);
    facts.not_after = time_of(words[5]);
    facts.names.common_name = words[6];
    facts.subject = "CN=" + facts.names.common_name;
    facts.fingerprint = "leaf-" + facts.serial;
    return facts;
}

}  // namespace

Result<Certificate> Certificate::from_der(std::string_view der) {
    auto body = decoded(der);
    if (!body) {
        return std::unexpected(body.error());
    }
    return Certificate(std::move(*body));
}

Result<std::shared_ptr<const Certificate::Body>> Certificate::decoded(std::string_view der) {
    const auto words = split(der, ' ');
    if (words.size() == 3 && words[0] == "CA") {
        return std::make_shared<const Body>(
            Body{.certificate = {}, .facts = authority(words), .pem = std::string(der)});
    }
    if (words.size() == 7 && words[0] == "LEAF") {
        return std::make_shared<const Body>(
            Body{.certificate = {}, .facts = leaf(words), .pem = std::string(der)});
    }
    return fail(Failure::rejected, "no certificate of the simulation");
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
    return from_der(trim(pem));
}

Result<std::vector<Certificate>> Certificate::all_from_pem(std::string_view pem, std::size_t) {
    std::vector<Certificate> all;
    for (const std::string& line : split(trim(pem), '\n')) {
        auto one = from_pem(line);
        if (!one) {
            return std::unexpected(one.error());
        }
        all.push_back(std::move(*one));
    }
    return all;
}

bool Certificate::is_issued_by(const Certificate& issuer) const {
    return facts().issuer == issuer.facts().subject;
}

std::string to_pem(std::span<const Certificate> certificates) {
    std::string all;
    for (const Certificate& certificate : certificates) {
        all += certificate.pem() + '\n';
    }
    return all;
}

// As with X509_V_FLAG_PARTIAL_CHAIN, an anchor's own dates count.
Result<> verify_chain(const ChainQuestion& question) {
    for (const Certificate& anchor : question.anchors) {
        if (question.leaf.is_issued_by(anchor) && question.at < anchor.facts().not_after) {
            return {};
        }
    }
    return fail(Failure::rejected, "unable to get issuer certificate");
}

std::vector<Certificate> ordered_intermediates(const Certificate&, std::span<const Certificate>) {
    return {};
}

std::string_view to_string(KeyType type) {
    return type == KeyType::rsa ? "rsa" : type == KeyType::ec ? "ec" : "ed25519";
}

unsigned default_bits(KeyType type) {
    return type == KeyType::rsa ? 2048 : type == KeyType::ec ? 256 : 0;
}

std::string to_string(KeyKind kind) {
    return std::string(to_string(kind.type)) + " " + std::to_string(kind.bits);
}

bool is_supported(KeyKind) {
    return true;
}

Result<PrivateKey> PrivateKey::generate(KeyKind kind) {
    static std::uint64_t made = 0;
    return PrivateKey({}, kind, "key-" + std::to_string(++made));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
    return PrivateKey({}, {.type = KeyType::ec, .bits = 256}, std::string(pem));
}

Result<Secret> PrivateKey::to_pem() const {
    return Secret(public_key_);
}

std::string PrivateKey::public_key_digest() const {
    return public_key_;
}

Result<std::string> make_request(const PrivateKey& key, const Names&) {
    return key.public_key();
}

std::string to_hex(std::span<const unsigned char>) {
    return {};
}

// The real one is dear where every turn asks for the same few digests.
std::string sha256_hex(std::string_view bytes) {
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    static std::unordered_map<std::string, std::string, Hash, std::equal_to<>> known;
    if (const auto found = known.find(bytes); found != known.end()) {
        return found->second;
    }
    constexpr std::size_t enough = 200'000;
    if (known.size() > enough) {
        known.clear();
    }
    std::array<unsigned char, 32> digest{};
    (void)EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    std::string hex;
    for (const unsigned char byte : digest) {
        hex += "0123456789abcdef"[byte >> 4U];
        hex += "0123456789abcdef"[byte & 0x0FU];
    }
    return known.emplace(bytes, std::move(hex)).first->second;
}

}  // namespace install_cert::x509
