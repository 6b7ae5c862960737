# The service's image: docker build --tag slipway .
#
#   --build-arg MODEL=packed              serve an artifact of this checkout instead of training one
#   --build-arg ARTIFACT=artifacts/model  that artifact; it must be below artifacts/ (see .dockerignore)
#   --build-arg REQUIREMENTS="requirements.txt requirements/pandas.txt"
#                                         for a model that was fitted on a DataFrame; and
#                                         requirements/traces.txt for SERVICE_TRACES=true,
#                                         requirements/s3.txt for a model or files on S3,
#                                         requirements/parquet.txt for files of Parquet,
#                                         requirements/lambda.txt to run on AWS Lambda
#                                         An artifact with a requirements.txt of its own brings the
#                                         first two: that is installed in their place, on the Python
#                                         that it names
#   --build-arg TRUSTED_CODE=sha256:...   for an artifact that brings code of its own: the digest of that code
#   --build-arg VARIANT=lean              without scikit-learn: for models whose engine is ONNX
#   --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:...
#                                         the base image, by digest; ecs/deploy reads it from the registry.
#                                         BASE_DIGEST is the same digest, for the label
#   --build-arg VERSION= REVISION= CREATED=   values of the image's labels
ARG MODEL=trained
ARG VARIANT=full
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app

# MODEL=packed. The artifact may be unreadable for other users, such as the image's.
FROM base AS packed
ARG ARTIFACT=artifacts/model
COPY ${ARTIFACT} artifacts/model
RUN chmod -R a+rX artifacts

# A model that an older scikit-learn serves brings a lock of its own, for one Python.
FROM base AS lock-trained
RUN mkdir /lock
FROM packed AS lock-packed
RUN mkdir /lock && lock=artifacts/model/requirements.txt && if [ -e $lock ]; then \
        wanted=$(sed -n '1s/^# Python //p' $lock); \
        if ! python -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$wanted')"; then \
            echo "the model needs Python $wanted:" \
                "--build-arg PYTHON_IMAGE=python:$wanted-slim-trixie" >&2; exit 1; fi; \
        if grep -Evq '^(# Python [0-9.]+|[a-z0-9._-]+==[0-9a-z.+!-]+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?)$' \
            $lock; then echo "$lock is no lock that pack wrote" >&2; exit 1; fi; \
        cp $lock /lock/; fi
FROM lock-${MODEL} AS lock

# Installed packages. They change rarely, so this stage comes before the code.
FROM base AS dependencies
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt ./
COPY requirements requirements
COPY --from=lock /lock /lock
# The environment has no pip: the base image's pip installs into it. The packages' own tests are a
# fifth of its size, and 13 MB are headers and sources; both are deleted. Bytecode is compiled here
# because the file system is read-only later.
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/venv \
    && if [ -e /lock/requirements.txt ]; then REQUIREMENTS="/lock/requirements.txt \
        $(echo " $REQUIREMENTS " | sed 's# requirements.txt # #; s# requirements/pandas.txt # #')"; fi \
    && pip --python /opt/venv/bin/python install --disable-pip-version-check --quiet \
        --root-user-action ignore --no-deps --no-compile --require-hashes --only-binary :all: \
        $(for file in $REQUIREMENTS; do echo "-r $file"; done) \
    && find /opt/venv -type d -name tests -prune -exec rm -r {} + \
    && find /opt/venv -type f -regex '.*\.\(pyx\|pxd\|pyi\|h\|cpp\)' -delete \
    && python -m compileall -q -j 0 /opt/venv

FROM dependencies AS full

# VARIANT=lean. tests/test_locks.py compares this list with requirements/lean.txt.
FROM dependencies AS lean
RUN if [ -e /lock/requirements.txt ]; then \
        echo "the model needs the libraries of its lock: build the image without VARIANT=lean" >&2; exit 1; fi; \
    pip --python /opt/venv/bin/python uninstall --yes --quiet --root-user-action ignore \
        cloudpickle joblib narwhals scikit-learn scipy threadpoolctl

# MODEL=trained. Only the code that training imports is copied, so a change of the API trains no model.
FROM dependencies AS trained
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --disable-pip-version-check --quiet \
        --root-user-action ignore --no-deps --require-hashes --only-binary :all: \
        -r requirements.txt -r requirements/training.txt
COPY service/__init__.py service/settings.py service/
COPY service/model service/model
COPY training training
COPY slipway slipway
RUN python -m slipway fit

FROM ${MODEL} AS model
FROM ${VARIANT} AS installed

# Slipway's code, readable for all users, whatever the checkout's umask was.
FROM base AS code
COPY gunicorn.conf.py .
COPY service service
COPY slipway slipway
RUN printf '%s\n' '#!/opt/venv/bin/python' 'import sys' 'sys.path.insert(0, "/app")' \
        'from slipway.command import main' 'sys.exit(main())' > /command \
    && chmod -R a+rX . && python -m compileall -q service slipway

# The image that packs models: docker build --target pack --tag slipway-pack .
FROM dependencies AS packing
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --disable-pip-version-check --quiet \
        --root-user-action ignore --no-deps --require-hashes --only-binary :all: \
        -r requirements.txt -r requirements/training.txt -r requirements/pandas.txt \
        -r requirements/parquet.txt
FROM base AS pack
COPY --from=packing /opt/venv /opt/venv
COPY --from=code /app .
COPY training training
COPY --from=code --chmod=755 /command /usr/local/bin/slipway
ENV HOME=/tmp PYTHONUNBUFFERED=1
WORKDIR /data
# As the owner of the folder that is mounted here, so that the artifact is the caller's.
ENTRYPOINT ["sh", "-c", "[ $(id -u) = 0 ] || exec slipway \"$@\"; exec setpriv \
    --reuid $(stat -c %u .) --regid $(stat -c %g .) --clear-groups slipway \"$@\"", "slipway"]
CMD ["--help"]

FROM base
# Delete the base image's pip, with the copies of ensurepip, and setuid bits. The official image has
# no bytecode of the standard library: each start and each health check would compile it again.
RUN find / -xdev \( -name ensurepip -o -name pip -o -name 'pip[-0-9]*' \) -prune -exec rm -r {} + \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && python -m compileall -q -j 0 -x 'site-packages|idlelib|tkinter|turtledemo' \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=installed /opt/venv /opt/venv
# LightGBM is the only library of a lock whose wheel does not bring the OpenMP that it needs.
RUN if ls -d /opt/venv/lib/python3*/site-packages/lightgbm >/dev/null 2>&1; then \
        apt-get update -qq && apt-get install -qq --no-install-recommends libgomp1 >/dev/null \
        && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log; fi
COPY --from=code /app .
COPY --from=code --chmod=755 /command /usr/local/bin/slipway
COPY --from=model /app/artifacts/model artifacts/model
# docker run IMAGE serve: the command that SageMaker runs.
COPY --from=code --chmod=755 /app/service/protocols/sagemaker/serve /usr/local/bin/serve

# DONTWRITEBYTECODE: the file system is read-only. FAULTHANDLER: gunicorn aborts a worker that hangs,
# and the worker prints its traceback.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1 PYTHONUNBUFFERED=1

# Code that the artifact may bring and run: none, or its digest.
ARG TRUSTED_CODE=none
ENV SERVICE_TRUSTED_CODE=$TRUSTED_CODE

# A number: checks that the user is not root cannot look up names.
USER 10001:10001
# Faults that would stop the start also stop the build: settings, artifact, file modes.
RUN ["gunicorn", "--check-config"]

EXPOSE 8080
# Every 5 seconds, so that `docker compose up --wait` returns soon. ECS ignores this line.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "service.healthcheck"]
# No shell: gunicorn is process 1 and receives SIGTERM. It reads gunicorn.conf.py by default.
CMD ["gunicorn"]

# Last, because they change with every build.
ARG VERSION= REVISION= CREATED= PYTHON_IMAGE BASE_DIGEST=
LABEL org.opencontainers.image.title="slipway" \
      org.opencontainers.image.description="A scikit-learn model as a REST API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.base.name="$PYTHON_IMAGE" \
      org.opencontainers.image.base.digest="$BASE_DIGEST" \
      com.amazonaws.sagemaker.capabilities.accept-bind-to-port="true"
