# The gateway in a small image: no compiler, no pip, not root. Build: docker build -t token-gateway .
#
# The configuration is mounted at /etc/token-gateway/config.yaml, read-only; database and key file lie in the volume
# /var/lib/token-gateway. deploy/compose.yaml shows all of it. In the container, listen.ops stays 127.0.0.1:9192 (or
# 0.0.0.0:9192): the health check asks there.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/token-gateway
COPY lock/runtime.txt lock/
RUN /opt/token-gateway/bin/pip install --only-binary :all: --require-hashes -r lock/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
RUN /opt/token-gateway/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/token-gateway/bin/pip install --no-deps dist/*.whl \
 && /opt/token-gateway/bin/pip uninstall --yes flit-core setuptools pip

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10191 token-gateway \
 && useradd --system --uid 10191 --gid 10191 --home-dir /var/lib/token-gateway --shell /usr/sbin/nologin token-gateway \
 && install -d -o 10191 -g 10191 -m 0700 /var/lib/token-gateway
COPY --from=build /opt/token-gateway /opt/token-gateway
ENV PATH=/opt/token-gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TOKEN_GATEWAY_CONFIG=/etc/token-gateway/config.yaml
USER 10191:10191
WORKDIR /var/lib/token-gateway
VOLUME /var/lib/token-gateway
EXPOSE 9190 9191 9192
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --start-interval=1s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9192/health/ready', timeout=2)"]
ENTRYPOINT ["token-gateway"]
CMD ["serve"]
