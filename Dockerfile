# Poster's programs on Debian 12, for the CPU; data and runs are mounted: docker run --rm -v "$PWD:/data" poster poster_train --data /data/faces
FROM debian:12
WORKDIR /poster
COPY scripts/install_packages.sh scripts/
RUN scripts/install_packages.sh && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DPOSTER_TESTS=OFF -DPOSTER_BENCH=OFF && cmake --build build
ENV PATH="/poster/build/bin:$PATH"
WORKDIR /data
CMD ["poster_train", "--help"]
