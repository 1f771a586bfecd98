#!/bin/sh
# Makes the files of this folder again. They hold keys that protect nothing.
set -eu
cd "$(dirname "$0")"
ec() { openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1"; }
for curve in P-521 P-224 brainpoolP256r1; do ec "$curve" > "$curve.pem"; done
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit > explicit.pem
for name in ed448 x25519 x448; do openssl genpkey -algorithm "$name" > "$name.pem"; done
openssl pkey -in ed448.pem -pubout > ed448.pub.pem
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 > rsa-pss.pem
openssl dsaparam 1024 > dsa-parameters.pem
openssl genpkey -paramfile dsa-parameters.pem > dsa.pem
openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 > dh-parameters.pem
openssl pkcs8 -topk8 -in ../test_key_p256.pem -passout pass:example -v2 aes256 > encrypted.pem
openssl ec -in ../test_key_p256.pem -aes256 -passout pass:example > encrypted-legacy.pem
openssl ecparam -name prime256v1 -genkey > sec1-with-parameters.pem
openssl ec -in ../test_key_p256.pem > sec1.pem
openssl rsa -in ../test_key_rsa2048.pem -traditional > pkcs1.pem
openssl rsa -in ../test_key_rsa2048.pem -RSAPublicKey_out > pkcs1.pub.pem
openssl req -x509 -key ../test_key_p256.pem -subj /CN=example -days 36500 > certificate.pem
openssl req -new -key ../test_key_p256.pem -subj /CN=example > request.pem
openssl pkcs12 -export -inkey ../test_key_p256.pem -in certificate.pem -passout pass:example > store.p12
openssl pkcs12 -in store.p12 -noenc -passin pass:example > bag.pem
rm -f openssh openssh.pub
ssh-keygen -q -t ed25519 -N '' -C example -f openssh
rm dsa-parameters.pem
