// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/readiness.h"

#include "agent/turn/candidate.h"

namespace install_cert::agent {

Readiness judge_readiness(Workplace& workplace) {
    TurnRequest request{.certificates = {}, .situation = workplace.situation()};
    for (const role::CertificateSpec& spec : workplace.role.certificates) {
        request.certificates.push_back(&spec);
    }
    Readiness readiness;
    for (const Candidate& candidate : survey(workplace.role, request, workplace.store, State{})) {
        if (!candidate.decision.valid) {
            readiness.missing.push_back(
                candidate.spec->name + ": " +
                (candidate.outcome.error ? candidate.outcome.error->what : candidate.decision.why));
        }
        readiness.boot_renewal_due =
            readiness.boot_renewal_due || candidate.decision.cause == renewal::Cause::boot;
    }
    readiness.ready = readiness.missing.empty();
    return readiness;
}

}  // namespace install_cert::agent
