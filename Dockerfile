# syntax=docker/dockerfile:1
# One image for the server, the worker and every other command of `arzesh`.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/arzesh
COPY requirements/ /src/requirements/
RUN /opt/arzesh/bin/pip install --no-deps --require-hashes \
    --requirement /src/requirements/runtime.txt --requirement /src/requirements/alone.txt
COPY . /src
RUN /opt/arzesh/bin/pip install --no-deps --no-build-isolation /src

FROM python:3.11-slim-bookworm
RUN useradd --system --create-home --home-dir /var/lib/arzesh --shell /usr/sbin/nologin arzesh
COPY --from=build /opt/arzesh /opt/arzesh
ENV PATH=/opt/arzesh/bin:$PATH PYTHONUNBUFFERED=1 \
    ARZESH_ENVIRONMENT=production ARZESH_HOST=0.0.0.0 ARZESH_PORT=8000 ARZESH_DATA_HOME=/var/lib/arzesh
USER arzesh
WORKDIR /var/lib/arzesh
VOLUME /var/lib/arzesh
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["arzesh", "serve"]
