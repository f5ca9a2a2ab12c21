// SPDX-License-Identifier: Apache-2.0
// PEM files: certificates, chains and keys, as a server or another program wrote them.
#include "x509/pem.h"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/promise.h"
#include "fuzz/read_material.h"
#include "x509/chain.h"

using namespace install_cert;

namespace {

void read_blocks(std::string_view input) {
    for (const auto around : {x509::pem::Around::white_space, x509::pem::Around::any_text}) {
        const auto blocks = x509::pem::blocks(input, around);
        if (!blocks) {
            fuzz::promise_error(blocks.error());
            continue;
        }
        for (const x509::pem::Block& block : *blocks) {
            const auto again = x509::pem::blocks(x509::pem::to_pem(block.label, block.der.reveal()),
                                                 x509::pem::Around::white_space);
            fuzz::promise(again && again->size() == 1 && (*again)[0].label == block.label &&
                              (*again)[0].der.reveal() == block.der.reveal(),
                          "a block is written as it was read");
        }
    }
}

void read_chain(std::span<const x509::Certificate> certificates) {
    const auto others = certificates.subspan(1);
    const auto chain = x509::ordered_intermediates(certificates[0], others);
    fuzz::promise(chain.size() <= others.size(), "a chain is made of what is there");
    if (const auto leads = x509::verify_chain({.leaf = certificates[0],
                                               .intermediates = others,
                                               .anchors = others,
                                               .at = fuzz::kNow});
        !leads) {
        fuzz::promise_error(leads.error());
    }
}

}  // namespace

FUZZ_TARGET(input) {
    read_blocks(input);
    fuzz::promise_certificate(x509::Certificate::from_pem(input));
    fuzz::promise_key(x509::PrivateKey::from_pem(input));
    auto certificates = x509::Certificate::all_from_pem(input, 16);
    if (!certificates) {
        fuzz::promise_error(certificates.error());
        return;
    }
    fuzz::promise(!certificates->empty() && certificates->size() <= 16, "certificates are few");
    read_chain(*certificates);
}
