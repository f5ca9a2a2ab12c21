// SPDX-License-Identifier: Apache-2.0
#include "agent/configuration/secret_reader.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "host/files.h"

namespace install_cert::agent {
namespace {

// --root prefixes the default place and none that the configuration names.
std::string place_of(const Places& places, const role::Auth& auth, const std::string& path) {
    const bool is_default = auth.method == role::AuthMethod::token && auth.token_file_is_default;
    return is_default ? places.default_token_file : path;
}

host::Readers readers_of(const role::Auth& auth, const std::string& path) {
    const bool of_a_pod = auth.method == role::AuthMethod::kubernetes && path == auth.jwt_file;
    return of_a_pod ? host::Readers::anybody : host::Readers::owner_and_group;
}

// Empty where systemd gave none.
std::string credential_file() {
    const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
    return credentials == nullptr ? "" : std::string(credentials) + "/vault-token";
}

Result<Secret> stand_in(const role::Auth& auth, const Secret& environment_token, Error missing) {
    if (const std::string file = credential_file(); !file.empty()) {
        auto credential = host::read_secret(file);
        if (credential || credential.error().kind != Failure::not_yet) {
            return credential;
        }
    }
    if (auth.token_file_is_default && !environment_token.empty()) {
        return environment_token.clone();
    }
    missing.what = "no token: " + missing.what;
    missing.way_out =
        "whoever hands the host its token writes it there, with mode 0600; 'install-cert policy' "
        "prints how one is made";
    return std::unexpected(std::move(missing));
}

}  // namespace

Result<Secret> SecretReader::operator()(const role::Auth& auth, const std::string& path) const {
    auto secret = host::read_secret(place_of(places_, auth, path), readers_of(auth, path));
    if (secret || secret.error().kind != Failure::not_yet ||
        auth.method != role::AuthMethod::token) {
        return secret;
    }
    return stand_in(auth, *environment_token_, std::move(secret.error()));
}

std::string SecretReader::token_version(const role::Auth& auth) const {
    std::string version = host::file_version(place_of(places_, auth, auth.token_file));
    return version.empty() ? host::file_version(credential_file()) : version;
}

}  // namespace install_cert::agent
