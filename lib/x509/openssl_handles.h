// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects as unique_ptr, each the size of a pointer.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "foundation/handle.h"

namespace install_cert::x509 {

using BioHandle = std::unique_ptr<BIO, ReleaseWith<BIO_free_all>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, ReleaseWith<EVP_PKEY_free>>;
using KeyContextHandle = std::unique_ptr<EVP_PKEY_CTX, ReleaseWith<EVP_PKEY_CTX_free>>;
using CertificateHandle = std::unique_ptr<X509, ReleaseWith<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, ReleaseWith<X509_REQ_free>>;
using StoreHandle = std::unique_ptr<X509_STORE, ReleaseWith<X509_STORE_free>>;
using StoreContextHandle = std::unique_ptr<X509_STORE_CTX, ReleaseWith<X509_STORE_CTX_free>>;

static_assert(sizeof(KeyHandle) == sizeof(void*));

}  // namespace install_cert::x509
