// SPDX-License-Identifier: Apache-2.0
// The content of a token file, and of an environment file.
#include <unistd.h>

#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "foundation/unique_fd.h"
#include "fuzz/promise.h"
#include "host/files.h"
#include "role/environment_file.h"
#include "vault/login.h"

using namespace install_cert;

namespace {

// A file that is unlinked when the process ends.
class TokenFile {
  public:
    TokenFile() : file_(::mkstemp(path_.data())) {}

    TokenFile(const TokenFile&) = delete;
    TokenFile& operator=(const TokenFile&) = delete;
    TokenFile(TokenFile&&) = delete;
    TokenFile& operator=(TokenFile&&) = delete;

    ~TokenFile() { (void)::unlink(path_.c_str()); }

    const std::string& with(std::string_view content) {
        fuzz::promise(::ftruncate(file_.get(), 0) == 0 &&
                          ::pwrite(file_.get(), content.data(), content.size(), 0) ==
                              static_cast<ssize_t>(content.size()),
                      "the file is made");
        return path_;
    }

  private:
    std::string path_ = "/tmp/fuzz-token-XXXXXX";
    UniqueFd file_;
};

void read_token(std::string_view input) {
    static TokenFile file;
    const auto token = host::read_secret(file.with(input));
    if (token) {
        fuzz::promise(vault::check_token(*token).has_value(), "a token fits into a header");
        fuzz::promise(token->size() <= host::kSecretLimit, "a token is bounded");
        fuzz::promise(input.starts_with(token->reveal()) && input.size() - token->size() <= 2,
                      "a token is the file but for its line end");
        return;
    }
    fuzz::promise_error(token.error());
    // Whatever the content was, the words are among a few.
    static std::set<std::string> refusals;
    refusals.insert(token.error().what);
    fuzz::promise(refusals.size() <= 3, "a refusal does not quote the token");
}

void read_environment(std::string_view input) {
    role::Environment environment;
    role::read_environment(input, environment);
    for (const auto& [name, value] : environment) {
        fuzz::promise(!name.empty() && name.find_first_of("=\n \t") == std::string::npos,
                      "a variable's name is one");
        fuzz::promise(!value.contains('\n'), "a variable's value is one line");
    }
}

}  // namespace

FUZZ_TARGET(input) {
    read_token(input);
    read_environment(input);
}
