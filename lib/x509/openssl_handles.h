// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects as unique_ptr, each the size of a pointer.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "foundation/handle.h"

namespace install_cert::x509 {

using NumberHandle = std::unique_ptr<BIGNUM, ReleaseWith<BN_clear_free>>;  // may be a secret
using NumberContextHandle = std::unique_ptr<BN_CTX, ReleaseWith<BN_CTX_free>>;
using CurveHandle = std::unique_ptr<EC_GROUP, ReleaseWith<EC_GROUP_free>>;
using PointHandle = std::unique_ptr<EC_POINT, ReleaseWith<EC_POINT_clear_free>>;
using DigestHandle = std::unique_ptr<EVP_MD, ReleaseWith<EVP_MD_free>>;
using DigestContextHandle = std::unique_ptr<EVP_MD_CTX, ReleaseWith<EVP_MD_CTX_free>>;
using BioHandle = std::unique_ptr<BIO, ReleaseWith<BIO_free_all>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, ReleaseWith<EVP_PKEY_free>>;
using KeyContextHandle = std::unique_ptr<EVP_PKEY_CTX, ReleaseWith<EVP_PKEY_CTX_free>>;
using CertificateHandle = std::unique_ptr<X509, ReleaseWith<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, ReleaseWith<X509_REQ_free>>;
using StoreHandle = std::unique_ptr<X509_STORE, ReleaseWith<X509_STORE_free>>;
using StoreContextHandle = std::unique_ptr<X509_STORE_CTX, ReleaseWith<X509_STORE_CTX_free>>;

static_assert(sizeof(KeyHandle) == sizeof(void*));

}  // namespace install_cert::x509
